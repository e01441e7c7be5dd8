import type { RemoteGuest } from './remote-guest.ts';
import type { Lanes } from '../../channel/lanes/lanes.ts';
import type { Transport } from '../../channel/transport.ts';

/** What the host of a process says about the process itself, and what it is answered. */
export type ProcessMessage =
  /** A sign of life is due; answered with itself. */
  | readonly [tag: 'beat', number: number]
  /** The guest of that lane is over, and nothing of it need be kept. */
  | readonly [tag: 'drop', lane: number];

/** The guests of one process: the first message of a lane brings one to life there. */
export class GuestLanes {
  readonly #guests = new Map<number, RemoteGuest>();
  readonly #lanes: Lanes;

  constructor(lanes: Lanes, serve: (transport: Transport) => RemoteGuest) {
    this.#lanes = lanes;
    lanes.onControl = (message) => this.#told(message as ProcessMessage);
    lanes.onUnknown = (lane) => void this.#guests.set(lane, serve(lanes.open(lane)));
  }

  /** Nobody caught an error: it is the plugin's whose file its stack names, else that of the newest one. */
  fault(where: string, error: unknown): void {
    const stack = error instanceof Error ? (error.stack ?? '') : '';
    const guests = [...this.#guests.values()];
    const owner = guests.findLast(({ file }) => file !== undefined && stack.includes(file)) ?? guests.at(-1);
    owner?.fault(where, error);
  }

  #told([tag, number]: ProcessMessage): void {
    if (tag === 'beat') return this.#lanes.tell([tag, number]);
    this.#guests.delete(number);
    this.#lanes.drop(number);
  }
}
