/** The request that a lease was taken for. */
export interface LeaseRequest {
  /** Names it in the log. Made when it is read, so only a failure reads it. */
  readonly requestId: string | undefined;
  /** The plugins it is in, or waits in front of. */
  plugins(): readonly string[];
}

/**
 * One request's hold on a generation: drain waits for these. It carries the signal of the handler that runs under it.
 */
export class Lease {
  /** Neighbours in the book's list of open leases; the book alone writes them. */
  before: Lease | undefined;
  after: Lease | undefined;
  isOpen = true;
  /** When the running call has had its time, on the monotonic clock; Infinity while none runs. */
  deadlineAt: number = Infinity;
  /** How long the call may take, where that is not what its generation allows every call. */
  limitMs: number | undefined;
  /** The handler waits for another one: its time does not run. */
  isPaused = false;
  /** Settles the running call with an error; set while one is awaited. */
  cancel: ((error: Error) => void) | undefined;
  /** The request it was taken for. */
  request: LeaseRequest | undefined;
  /** Ends the answer whose body is being written; set from its head on. */
  cutOff: ((reason: Error) => void) | undefined;
  /** Told of an abort without a signal being made: a call that goes on behind a channel. */
  follower: { abort(reason: unknown): void } | undefined;
  /** Ends what would go on for ever, such as an event stream, when the drain begins. */
  onDrain: (() => void) | undefined;
  readonly #book: LeaseBook;
  #controller: AbortController | undefined;
  #abortReason: unknown;

  constructor(book: LeaseBook) {
    this.#book = book;
  }

  /** Made on first touch: most handlers never look. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#abortReason ??= reason;
    this.#controller?.abort(reason);
    this.follower?.abort(reason);
  }

  /** From now on an abort is told; at once where it has happened. */
  follow(follower: NonNullable<Lease['follower']>): void {
    this.follower = follower;
    if (this.#abortReason !== undefined) follower.abort(this.#abortReason);
  }

  release(): void {
    this.#book.release(this);
  }
}

/** Every lease on one generation: counts them, aborts them, says when the last is gone. */
export class LeaseBook {
  /** Hears that the drain begins, before open leases do; written by whoever wires the runtime. */
  onDrain: (() => void) | undefined;
  /** A list through the leases themselves: taking and giving back a lease allocates nothing else. */
  #oldest: Lease | undefined;
  #newest: Lease | undefined;
  #count = 0;
  #idleWaiters: (() => void)[] = [];

  get count(): number {
    return this.#count;
  }

  /** Open leases, oldest first, as they stand now: whoever handles one may give it, or another, back. */
  open(): readonly Lease[] {
    const leases: Lease[] = [];
    for (let lease = this.#oldest; lease !== undefined; lease = lease.after) leases.push(lease);
    return leases;
  }

  acquire(): Lease {
    const lease = new Lease(this);
    lease.before = this.#newest;
    if (this.#newest) this.#newest.after = lease;
    else this.#oldest = lease;
    this.#newest = lease;
    this.#count++;
    return lease;
  }

  release(lease: Lease): void {
    if (!lease.isOpen) return;
    lease.isOpen = false;
    const { before, after } = lease;
    if (before) before.after = after;
    else this.#oldest = after;
    if (after) after.before = before;
    else this.#newest = before;
    // A lease that somebody keeps, or that the collector has made old, must not keep all that came after it.
    lease.before = undefined;
    lease.after = undefined;
    this.leaveBrief();
  }

  /** A call that ends before it returns needs no lease object. Pair it with `leaveBrief`. */
  enterBrief(): void {
    this.#count++;
  }

  leaveBrief(): void {
    if (--this.#count === 0) this.#settleIdle();
  }

  /** Resolves when no lease is left; at once if there is none. */
  whenIdle(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /** It serves again after a rollback and may never fall idle: nobody waits for that any more. */
  callOffDrain(): void {
    this.#settleIdle();
  }

  /** Tells open-ended answers that the drain has begun. */
  announceDrain(): void {
    this.onDrain?.();
    for (const lease of this.open()) lease.onDrain?.();
  }

  /** @returns how many leases there were */
  abortAll(reason: Error): number {
    let aborted = 0;
    for (const lease of this.open()) {
      lease.abort(reason);
      aborted++;
    }
    return aborted;
  }

  /** Settles calls that did not heed their signal, and cuts off answers that are still being written. */
  cancelAll(error: Error): void {
    for (const lease of this.open()) {
      lease.cancel?.(error);
      lease.cutOff?.(error);
    }
  }

  /** Cuts off answers that are still being written, and leaves alone the calls that settle by themselves. */
  cutOffAll(error: Error): void {
    for (const lease of this.open()) lease.cutOff?.(error);
  }

  /** Ends the calls whose deadline has passed. */
  expire(now: number, timedOut: (lease: Lease) => Error): void {
    for (const lease of this.open()) {
      if (lease.deadlineAt > now) continue;
      const error = timedOut(lease);
      lease.abort(error);
      lease.cancel?.(error);
    }
  }

  #settleIdle(): void {
    if (this.#idleWaiters.length === 0) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }
}
