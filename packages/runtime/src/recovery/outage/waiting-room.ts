import { fail } from '../../errors.ts';
import type { HostClock } from '../../host-services/system-clock.ts';
import type { Admission } from '../../routing/gate.ts';

export interface WaitingRoomParts {
  readonly plugin: string;
  readonly clock: HostClock;
  readonly places: number;
  readonly timeoutMs: number;
}

/** Requests that wait for a plugin to start. */
export class WaitingRoom {
  readonly #parts: WaitingRoomParts;
  readonly #waiting = new Set<() => void>();

  constructor(parts: WaitingRoomParts) {
    this.#parts = parts;
  }

  /** A place to wait, or what is said when there is none. */
  enter(): Extract<Admission<never>, { readonly type: 'wait' | 'refuse' }> {
    const { plugin, clock, places, timeoutMs } = this.#parts;
    if (this.#waiting.size >= places) {
      return { type: 'refuse', error: fail('PARKING_FULL', { plugin, places, retryAfterSeconds: 1 }) };
    }
    const { promise: until, resolve, reject } = Promise.withResolvers<void>();
    const goOn = (): void => {
      this.#waiting.delete(goOn);
      cancel();
      resolve();
    };
    const leave = (reason: Error): void => {
      if (!this.#waiting.delete(goOn)) return;
      cancel();
      reject(reason);
    };
    const timedOut = () =>
      fail('PLUGIN_NOT_READY', { plugin, limitMs: timeoutMs, retryAfterSeconds: Math.ceil(timeoutMs / 1_000) });
    const cancel = clock.after(timeoutMs, () => leave(timedOut()));
    this.#waiting.add(goOn);
    return { type: 'wait', until, leave };
  }

  /** Lets everybody ask again: something has changed. */
  empty(): void {
    for (const goOn of this.#waiting) goOn();
  }
}
