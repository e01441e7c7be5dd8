/** How long a plugin may be changing hands. Its signal is aborted when the time is over, or when somebody gives up. */
export class ParkingTimeLimit {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly signal: AbortSignal;

  constructor(limit: {
    readonly ms: number;
    readonly timedOut: () => Error;
    readonly signal: AbortSignal | undefined;
  }) {
    this.#timer = setTimeout(() => this.giveUp(limit.timedOut()), limit.ms).unref();
    this.signal = limit.signal ? AbortSignal.any([limit.signal, this.#controller.signal]) : this.#controller.signal;
  }

  giveUp(reason: Error): void {
    this.#controller.abort(reason);
  }

  /** The hand-over is over: nothing is limited any more. */
  end(): void {
    clearTimeout(this.#timer);
  }
}
