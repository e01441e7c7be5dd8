import { messageOf } from '@hotswap/protocol';
import type { Logger } from '@hotswap/sdk';
import { mapStack } from '../guest/foreign-stack.ts';
import type { Program } from '../loading/artifact.ts';

const quietMs = 1_000;

/** Writes a plugin's errors to the log with its author's file and line; at most one line a second, the rest counted. */
export class FaultLog {
  readonly #log: Logger;
  readonly #program: Program;
  #lastAt = -Infinity;
  #suppressed = 0;

  constructor(log: Logger, program: Program) {
    this.#log = log;
    this.#program = program;
  }

  /** The sentence and the stack of a thrown value, in the author's files. */
  explain(error: unknown): { readonly message: string; readonly stack: string | undefined } {
    const stack = error instanceof Error ? error.stack : undefined;
    const isMapped = stack !== undefined && this.#program.type === 'text';
    return { message: messageOf(error), stack: isMapped ? mapStack(stack, this.#program) : stack };
  }

  /** @param traceId the id that the client was given for the request that failed */
  write(what: string, error: unknown, traceId?: string): { readonly message: string } {
    const now = performance.now();
    if (now - this.#lastAt < quietMs) {
      this.#suppressed++;
      return { message: messageOf(error) };
    }
    return this.writeInAnyCase(what, error, traceId);
  }

  /** What happens to a generation once is told however much was told a moment before. */
  writeInAnyCase(what: string, error: unknown, traceId?: string): { readonly message: string } {
    const { message, stack } = this.explain(error);
    this.#log.error({ error: message, stack, traceId, suppressed: this.#suppressed }, what);
    this.#lastAt = performance.now();
    this.#suppressed = 0;
    return { message };
  }
}
