import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { messageOf } from '@hotswap/protocol';
import { fail } from '../../errors.ts';
import type { HostClock } from '../system-clock.ts';
import type { StoreAnswer, StoreCall, StoreOptions } from './sqlite-store.ts';
import type { FromWorker, ToWorker } from './sqlite-worker.ts';
import type { CommitOutcome, Namespace, ReadCheck, StorageBackend, StoredEntry, Write } from './storage-backend.ts';

export interface SqliteBackendOptions {
  /** Path of the database; its folder is made when it is missing. */
  readonly file: string;
  /** The size the file may grow to, in bytes; without it only the disk is the limit. */
  readonly maxBytes?: number;
  /** What one plugin may keep for one tenant, in bytes; default: no limit. */
  readonly maxNamespaceBytes?: number;
  readonly clock: Pick<HostClock, 'after'>;
  /** How long one call may take, in milliseconds; default 30,000. */
  readonly callTimeoutMs?: number;
}

interface PendingCall {
  readonly resolve: (answer: StoreAnswer) => void;
  readonly reject: (error: Error) => void;
  readonly cancelTimeout: () => void;
}

// Run from source this file ends in .ts, built it ends in .js; the worker's entry is always of the same kind.
const workerEntry = new URL(
  import.meta.url.endsWith('.ts') ? './sqlite-worker.ts' : './sqlite-worker.js',
  import.meta.url,
);

/**
 * Keeps values in one SQLite file, owned by a worker thread that starts with the first call.
 * When that thread dies, its pending calls fail and the next call starts another.
 */
export class SqliteBackend implements StorageBackend {
  readonly #options: SqliteBackendOptions;
  readonly #pending = new Map<number, PendingCall>();
  #worker: Promise<Worker> | undefined;
  #current: Worker | undefined;
  #lastId = 0;
  #isClosed = false;

  constructor(options: SqliteBackendOptions) {
    this.#options = options;
  }

  async read(namespace: Namespace, key: string): Promise<StoredEntry> {
    return (await this.#call({ type: 'read', namespace, key })) as StoredEntry;
  }

  async list(namespace: Namespace, prefix: string, limit: number): Promise<readonly string[]> {
    return (await this.#call({ type: 'list', namespace, prefix, limit })) as readonly string[];
  }

  async commit(namespace: Namespace, reads: readonly ReadCheck[], writes: readonly Write[]): Promise<CommitOutcome> {
    return (await this.#call({ type: 'commit', namespace, reads, writes })) as CommitOutcome;
  }

  /** Waits for what has been called, then for the file to be closed; at most 5 seconds. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const worker = await this.#worker?.catch(() => undefined);
    if (worker === undefined) return;
    await new Promise<void>((resolve) => {
      const stop = this.#options.clock.after(5_000, () => void worker.terminate().then(() => resolve()));
      worker.once('exit', () => (stop(), resolve()));
      worker.ref();
      worker.postMessage({ id: 0, call: 'close' } satisfies ToWorker);
    });
  }

  async #call(call: StoreCall): Promise<StoreAnswer> {
    if (this.#isClosed) throw unavailable('it is closed');
    this.#worker ??= this.#startWorker();
    const worker = await this.#worker;
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      const timeoutMs = this.#options.callTimeoutMs ?? 30_000;
      const cancelTimeout = this.#options.clock.after(timeoutMs, () =>
        this.#take(worker, id)?.reject(unavailable(`it did not answer within ${timeoutMs} ms`)),
      );
      this.#pending.set(id, { resolve, reject, cancelTimeout });
      // A process that waits for its commit must not end before it is answered.
      if (this.#pending.size === 1) worker.ref();
      worker.postMessage({ id, call } satisfies ToWorker);
    });
  }

  async #startWorker(): Promise<Worker> {
    try {
      await mkdir(dirname(this.#options.file), { recursive: true });
      const { file, maxBytes, maxNamespaceBytes } = this.#options;
      const worker = new Worker(workerEntry, {
        workerData: { file, maxBytes, maxNamespaceBytes } satisfies StoreOptions,
        execArgv: [],
        env: {},
      });
      worker.unref();
      this.#current = worker;
      worker.on('message', (message: FromWorker) => this.#receive(worker, message));
      worker.on('error', (error) => this.#lose(worker, messageOf(error)));
      worker.on('exit', (code) => this.#lose(worker, `its thread ended with code ${code}`));
      return worker;
    } catch (error) {
      this.#worker = undefined;
      throw unavailable(messageOf(error));
    }
  }

  #receive(worker: Worker, message: FromWorker): void {
    if (message.type === 'answers') {
      for (const [id, answer] of message.answers) this.#take(worker, id)?.resolve(answer);
    } else if (message.type === 'failed') {
      for (const id of message.ids) this.#take(worker, id)?.reject(unavailable(message.reason));
    }
  }

  /** Settles every pending call of a worker that is gone. Its error comes before its exit; the first one counts. */
  #lose(worker: Worker, reason: string): void {
    if (worker !== this.#current) return;
    this.#current = undefined;
    this.#worker = undefined;
    for (const id of this.#pending.keys()) this.#take(worker, id)?.reject(unavailable(reason));
  }

  #take(worker: Worker, id: number): PendingCall | undefined {
    const call = this.#pending.get(id);
    if (call === undefined) return undefined;
    this.#pending.delete(id);
    call.cancelTimeout();
    if (this.#pending.size === 0) worker.unref();
    return call;
  }
}

function unavailable(reason: string): Error {
  return fail('STORAGE_UNAVAILABLE', { reason });
}
