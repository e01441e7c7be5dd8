import type { LayerState, ResourceUsage } from '@hotswap/sandbox';
import type { GuestProcess } from './guest-process.ts';
import type { Place, PlaceLimits, PlaceOwner } from '../places/place.ts';
import type { Transport } from '../../channel/transport.ts';

/** One generation's part in a process: all of it, or a lane of one that is shared. */
export class ProcessPlace implements Place {
  readonly id: number;
  readonly transport: Transport;
  readonly sharesMemory = false;
  readonly owner: PlaceOwner | undefined;
  onExit: Place['onExit'];
  onLine: Place['onLine'];
  isAwaited: Place['isAwaited'];
  /** Told when it is left. */
  onLeft: (() => void) | undefined;
  limits: PlaceLimits | undefined;
  readonly #process: GuestProcess;
  readonly #lane: number;
  #ending: Promise<'ended' | 'stuck'> | undefined;

  constructor(process: GuestProcess, lane: number, owner: PlaceOwner | undefined) {
    this.#process = process;
    this.#lane = lane;
    this.owner = owner;
    this.id = process.confined.pid;
    this.transport = process.lanes.open(lane);
  }

  get layers(): readonly LayerState[] {
    return this.#process.confined.layers;
  }

  watch(limits: PlaceLimits): void {
    this.limits = limits;
  }

  usage(): Promise<ResourceUsage> {
    return this.#process.confined.usage();
  }

  terminate(): Promise<'ended' | 'stuck'> {
    if (this.#ending === undefined) {
      this.#ending = this.#process.leave(this.#lane);
      this.onLeft?.();
    }
    return this.#ending;
  }
}
