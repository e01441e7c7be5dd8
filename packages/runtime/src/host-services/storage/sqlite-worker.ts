import { parentPort, workerData } from 'node:worker_threads';
import { SqliteStore } from './sqlite-store.ts';
import type { StoreAnswer, StoreCall, StoreOptions } from './sqlite-store.ts';

// The thread that owns the database file. It blocks on the disk so that the host's loop never does.

export type ToWorker =
  | { readonly id: number; readonly call: StoreCall }
  | { readonly id: number; readonly call: 'close' };

export type FromWorker =
  | { readonly type: 'answers'; readonly answers: readonly (readonly [id: number, answer: StoreAnswer])[] }
  | { readonly type: 'failed'; readonly ids: readonly number[]; readonly reason: string }
  | { readonly type: 'closed' };

const port = parentPort;
if (port === null) throw new Error('this module is the entry of a worker thread');

const store = new SqliteStore(workerData as StoreOptions);
let waiting: { readonly id: number; readonly call: StoreCall }[] = [];

port.on('message', ({ id, call }: ToWorker) => {
  if (call === 'close') {
    flush();
    store.close();
    port.postMessage({ type: 'closed' } satisfies FromWorker);
    port.close();
    return;
  }
  // What arrives in one turn of the loop becomes one transaction.
  if (waiting.push({ id, call }) === 1) setImmediate(flush);
});

function flush(): void {
  const batch = waiting;
  waiting = [];
  if (batch.length > 0) port?.postMessage(runBatch(batch));
}

function runBatch(batch: readonly { readonly id: number; readonly call: StoreCall }[]): FromWorker {
  try {
    const answers = store.run(batch.map(({ call }) => call));
    return { type: 'answers', answers: answers.map((answer, index) => [batch[index]?.id ?? -1, answer]) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { type: 'failed', ids: batch.map(({ id }) => id), reason };
  }
}
