import type { ServiceState } from '@hotswap/sdk';
import type { ServiceDirectory } from './service-directory.ts';

/** Changes that may wait for a watcher that is slow: of more, the oldest are left out. */
const mostWaiting = 100;

/** What a watch stands on. */
export interface ServiceWatchParts {
  readonly directory: ServiceDirectory;
  readonly service: string;
  /** Told one change at a time, in order. What it throws is the teller's to report; the next change is told all the same. */
  readonly tell: (state: ServiceState) => Promise<void>;
}

/**
 * Tells somebody who provides a service: first how it stands now, then every change.
 *
 * @returns what ends it; a telling under way goes on
 */
export function watchService({ directory, service, tell }: ServiceWatchParts): () => void {
  const teller = new Teller(tell);
  const stop = directory.follow(service, (state) => teller.add(state));
  return () => {
    teller.end();
    stop();
  };
}

/** Tells one thing after the other. */
class Teller {
  readonly #tell: ServiceWatchParts['tell'];
  #waiting: ServiceState[] = [];
  #isTelling = false;
  #isOver = false;

  constructor(tell: ServiceWatchParts['tell']) {
    this.#tell = tell;
  }

  add(state: ServiceState): void {
    if (this.#waiting.push(state) > mostWaiting) this.#waiting.shift();
    if (this.#isTelling) return;
    this.#isTelling = true;
    // Never within the turn of a publish: it may still be taken back.
    queueMicrotask(() => void this.#tellAll());
  }

  end(): void {
    this.#isOver = true;
    this.#waiting = [];
  }

  async #tellAll(): Promise<void> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next === undefined || this.#isOver) break;
      await this.#tell(next);
    }
    this.#isTelling = false;
  }
}
