import { isCodedError, messageOf, type WireError } from '@hotswap/protocol';
import type { SwapStep } from './swap-report.ts';

/** Writes down each step of a change: its name, how long it took, and the error that ended it. */
export class StepClock {
  readonly #beganAt = performance.now();
  readonly #steps: SwapStep[] = [];

  get steps(): readonly SwapStep[] {
    return this.#steps;
  }

  get durationMs(): number {
    return performance.now() - this.#beganAt;
  }

  async run<T>(name: SwapStep['name'], work: () => T | Promise<T>): Promise<T> {
    const beganAt = performance.now();
    try {
      const value = await work();
      this.#steps.push({ name, durationMs: performance.now() - beganAt });
      return value;
    } catch (error) {
      this.#steps.push({ name, durationMs: performance.now() - beganAt, error: toWireError(error) });
      throw error;
    }
  }

  /** The same for a step that must happen within one turn of the event loop. */
  runSync<T>(name: SwapStep['name'], work: () => T): T {
    const beganAt = performance.now();
    try {
      const value = work();
      this.#steps.push({ name, durationMs: performance.now() - beganAt });
      return value;
    } catch (error) {
      this.#steps.push({ name, durationMs: performance.now() - beganAt, error: toWireError(error) });
      throw error;
    }
  }
}

/** A thrown value as data for a report. */
export function toWireError(error: unknown): WireError {
  if (isCodedError(error)) return error.toJSON();
  return { code: 'INTERNAL', kind: 'internal', message: messageOf(error) };
}
