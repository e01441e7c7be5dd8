import type { ConfinedProcess, LayerState, ResourceUsage } from '@hotswap/sandbox';
import type { Place, PlaceLimits, PlaceOwner } from '../places/place.ts';
import type { Lanes } from '../../channel/lanes/lanes.ts';
import type { Transport } from '../../channel/transport.ts';

/** One that is told to stop and whose loop stands still so long, of its own time, is not waited for until the limit. */
const endingGraceMs = 1_000;

/** The process behind places, as one of them sees it. */
export interface LanedProcess {
  readonly confined: Pick<ConfinedProcess, 'pid' | 'layers' | 'usage'>;
  readonly lanes: Lanes;
  readonly refusedConnections: number;
  /** What one of its places was is over. */
  leave(lane: number): Promise<'ended' | 'stuck'>;
}

/** One generation's part in a process: all of it, or a lane of one that is shared. */
export class ProcessPlace implements Place {
  readonly id: number;
  readonly transport: Transport;
  readonly sharesMemory = false;
  readonly owner: PlaceOwner | undefined;
  onExit: Place['onExit'];
  onLine: Place['onLine'];
  onRefused: Place['onRefused'];
  isAwaited: Place['isAwaited'];
  /** Told when it is left. */
  onLeft: (() => void) | undefined;
  limits: PlaceLimits | undefined;
  readonly #process: LanedProcess;
  readonly #lane: number;
  #ending: Promise<'ended' | 'stuck'> | undefined;

  constructor(process: LanedProcess, lane: number, owner: PlaceOwner | undefined) {
    this.#process = process;
    this.#lane = lane;
    this.owner = owner;
    this.id = process.confined.pid;
    this.transport = process.lanes.open(lane);
  }

  get layers(): readonly LayerState[] {
    return this.#process.confined.layers;
  }

  get refusedConnections(): number {
    return this.#process.refusedConnections;
  }

  watch(limits: PlaceLimits): void {
    this.limits = limits;
  }

  hurry(): void {
    if (this.limits === undefined) return;
    this.limits = { ...this.limits, graceMs: Math.min(this.limits.graceMs, endingGraceMs) };
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
