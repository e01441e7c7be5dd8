import type { CallbackHandle } from '@hotswap/sdk';
import { fail } from '../errors.ts';

/** Calls what a plugin handed out. */
export type Invoke = (input: unknown) => Promise<unknown>;

/** Calls of one callback that may be under way. */
const mostRunning = 1_000;

const callbacks = new WeakMap<object, Callback>();

/** A function that one plugin handed to another, for as long as the generation that made it is there. */
export class Callback {
  readonly #listeners = new Set<() => void>();
  #invoke: Invoke | undefined;
  #running = 0;

  constructor(invoke: Invoke) {
    this.#invoke = invoke;
  }

  get isGone(): boolean {
    return this.#invoke === undefined;
  }

  /** @throws CALLBACK_GONE, CALLBACKS_EXCEEDED, or what the function throws */
  async call(input: unknown): Promise<unknown> {
    if (this.#invoke === undefined) throw fail('CALLBACK_GONE');
    if (this.#running >= mostRunning)
      throw fail('CALLBACKS_EXCEEDED', { what: 'calls of one callback', limit: mostRunning });
    this.#running++;
    try {
      return await this.#invoke(input);
    } finally {
      this.#running--;
    }
  }

  /** Later calls are refused; those under way go on. */
  end(): void {
    if (this.#invoke === undefined) return;
    this.#invoke = undefined;
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener();
  }

  /** Tells once when it has ended. @returns what ends the telling */
  onEnd(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** What plugins hold in their hands: a function that calls it. */
export function handleOf(callback: Callback): CallbackHandle<unknown, unknown> {
  const call = (input: unknown): Promise<unknown> => callback.call(input);
  const handle = Object.freeze(Object.assign(call, { release: () => callback.end() }));
  callbacks.set(handle, callback);
  return handle;
}

/** What is behind a handle; undefined for any other function. */
export function callbackOf(handle: object): Callback | undefined {
  return callbacks.get(handle);
}
