/** Told when the work it belongs to is to be given up. */
export interface AbortFollower {
  abort(reason: unknown): void;
}

/** Makes an answer of what crossed; throws where it is none. */
export type ReadAnswer = (value: unknown, call: PendingCall, parts: unknown) => unknown;

/** An answer with something beside it that did not cross as a copy. */
export class AnswerWithParts {
  readonly plain: unknown;
  readonly parts: readonly unknown[];

  constructor(plain: unknown, parts: readonly unknown[]) {
    this.plain = plain;
    this.parts = parts;
  }
}

/** What a pending call does with the channel it waits on. */
export interface CallKeeper {
  abortCall(call: PendingCall, reason: unknown): void;
  forget(call: PendingCall): void;
}

/** A call that the other side has not answered, or whose answer is still being streamed. */
export class PendingCall implements AbortFollower, PromiseLike<unknown> {
  readonly id: number;
  /** What belongs to the call on this side. */
  readonly context: unknown;
  readonly read: ReadAnswer | undefined;
  isSettled = false;
  isAborted = false;
  /** Called once, when it is answered and nothing of its answer is streamed any more. */
  onEnd: (() => void) | undefined;
  readonly #keeper: CallKeeper;
  #holds = 0;
  #promise: Promise<unknown> | undefined;
  #onValue: ((value: unknown) => void) | undefined;
  #onError: ((error: unknown) => void) | undefined;
  /** What came before anybody listened. */
  #outcome: { readonly isValue: boolean; readonly content: unknown } | undefined;

  constructor(keeper: CallKeeper, id: number, read: ReadAnswer | undefined, context: unknown) {
    this.#keeper = keeper;
    this.id = id;
    this.read = read;
    this.context = context;
  }

  /** Made on first touch. */
  get promise(): Promise<unknown> {
    this.#promise ??= new Promise((resolve, reject) => this.whenSettled(resolve, reject));
    return this.#promise;
  }

  /** Tells its outcome to one listener at once, where a promise would take a turn and several objects. Instead of `promise`. */
  whenSettled(onValue: (value: unknown) => void, onError: (error: unknown) => void): void {
    if (this.#outcome === undefined) {
      this.#onValue = onValue;
      this.#onError = onError;
    } else if (this.#outcome.isValue) onValue(this.#outcome.content);
    else onError(this.#outcome.content);
  }

  // oxlint-disable-next-line unicorn/no-thenable -- whoever awaits a call need not know that it is one
  then<Value, Failure>(
    onValue?: ((value: unknown) => Value | PromiseLike<Value>) | null,
    onError?: ((error: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<Value | Failure> {
    return this.promise.then(onValue, onError);
  }

  resolve(value: unknown): void {
    if (this.#onValue === undefined) this.#outcome = { isValue: true, content: value };
    else this.#onValue(value);
  }

  reject(error: unknown): void {
    if (this.#onError === undefined) this.#outcome = { isValue: false, content: error };
    else this.#onError(error);
  }

  /** Asks the other side to give the work up. Its answer still counts, if one comes. */
  abort(reason: unknown): void {
    if (this.isAborted) return;
    this.isAborted = true;
    this.#keeper.abortCall(this, reason);
  }

  /** It goes on after its answer, as long as something of that is still streamed. Pair it with `letGo`. */
  hold(): void {
    this.#holds++;
  }

  letGo(): void {
    this.#holds--;
    if (this.isSettled && !this.isHeld) this.#keeper.forget(this);
  }

  get isHeld(): boolean {
    return this.#holds > 0;
  }
}

/** A call of the other side, while it is worked on here. */
export class InboundCall implements AbortFollower {
  readonly id: number;
  /** Told when the drain begins; set by whoever wants to know. */
  onDrain: (() => void) | undefined;
  isAnswered = false;
  /** What to call the answer when it cannot be sent. */
  answerName = 'the answer';
  readonly #ended: (call: InboundCall) => void;
  #controller: AbortController | undefined;
  #isAborted = false;
  #reason: unknown;
  #holds = 0;

  constructor(id: number, ended: (call: InboundCall) => void) {
    this.id = id;
    this.#ended = ended;
  }

  /** Made on first touch: most work never looks. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isAborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }

  /** It can be aborted also after its answer, as long as something of that is still streamed. Pair it with `letGo`. */
  hold(): void {
    this.#holds++;
  }

  letGo(): void {
    this.#holds--;
    if (this.isAnswered && !this.isHeld) this.#ended(this);
  }

  get isHeld(): boolean {
    return this.#holds > 0;
  }
}
