import { fail } from '../errors.ts';

/**
 * Where a generation may go next. A restart makes a new generation; nothing comes back from `stopped` or `failed`.
 */
export const generationMoves = {
  created: ['starting', 'failed'],
  starting: ['ready', 'failed'],
  /** Healthy, not yet routed. */
  ready: ['active', 'stopped', 'failed'],
  active: ['draining', 'failed'],
  /** Back to `active` when a rollback comes before the drain is over. */
  draining: ['active', 'standby', 'stopped', 'failed'],
  /** Drained and detached, kept warm; active again only by rollback. */
  standby: ['active', 'stopped', 'failed'],
  stopped: [],
  failed: [],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Where one generation is in its life. */
export type PluginState = keyof typeof generationMoves;

/** One written state change of one generation. */
export interface GenerationMove {
  readonly from: PluginState;
  readonly to: PluginState;
  readonly reason: string;
}

/** Holds the state of one generation and is the only writer of it. */
export class Lifecycle {
  #state: PluginState = 'created';
  #since: number;
  readonly #now: () => number;
  readonly #onMove: (move: GenerationMove) => void;

  constructor(now: () => number, onMove: (move: GenerationMove) => void) {
    this.#now = now;
    this.#since = now();
    this.#onMove = onMove;
  }

  get state(): PluginState {
    return this.#state;
  }

  /** When the current state began, in milliseconds since the epoch. */
  get since(): number {
    return this.#since;
  }

  /** Whether `to` can be reached in one move. */
  can(to: PluginState): boolean {
    const targets: readonly PluginState[] = generationMoves[this.#state];
    return targets.includes(to);
  }

  /** @throws LIFECYCLE_TRANSITION_REFUSED for a move that is not in the table */
  move(to: PluginState, reason: string): void {
    const from = this.#state;
    if (!this.can(to)) throw fail('LIFECYCLE_TRANSITION_REFUSED', { from, to, reason });
    this.#state = to;
    this.#since = this.#now();
    this.#onMove({ from, to, reason });
  }
}
