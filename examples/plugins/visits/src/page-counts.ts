import type { Storage } from '@hotswap/sdk';
import type { PageCount } from './visits-service.ts';

const prefix = 'page:';

/** Visits by page, kept in the plugin's storage: they outlive swaps and restarts. */
export class PageCounts {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** Counts one visit and answers the new sum. Two at the same moment are both counted. */
  add(page: string): Promise<number> {
    return this.#storage.transaction(async (transaction) => {
      const visits = ((await transaction.get<number>(prefix + page)) ?? 0) + 1;
      transaction.set(prefix + page, visits);
      return visits;
    });
  }

  async top(limit: number): Promise<readonly PageCount[]> {
    const keys = await this.#storage.list(prefix);
    const counts = await Promise.all(keys.map((key) => this.#read(key)));
    return counts.toSorted((a, b) => b.visits - a.visits || a.page.localeCompare(b.page)).slice(0, limit);
  }

  async #read(key: string): Promise<PageCount> {
    return { page: key.slice(prefix.length), visits: (await this.#storage.get<number>(key)) ?? 0 };
  }
}
