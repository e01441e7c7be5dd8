// Calls into threads, and how soon a thread answers: the runtime's at level strict, and those of the peers.
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { createLogger, createRuntime } from '@hotswap/runtime';
import { answerCommands } from '../child-commands.ts';
import { quantile } from '../measure.ts';

type Call = (text: string) => Promise<unknown>;

const data = 'a'.repeat(100);
const echo =
  "const { parentPort } = require('node:worker_threads'); parentPort.on('message', (text) => parentPort.postMessage(text));";
const inFlight = 64;
const spareMs = 600;

const open: Call[] = [];
const runtimes = {
  warm: await start(1),
  cold: await start(0),
};

function start(spares: number) {
  const log = createLogger({ level: 'silent' });
  const limits = { spares, probationMs: 0 };
  return createRuntime({ environment: {}, isolation: 'strict', log, limits }).start();
}

/** One message for each call; answers come in the order of the calls. */
function bareWorker(): { readonly worker: Worker; readonly call: Call } {
  const worker = new Worker(echo, { eval: true });
  const waiting: ((answer: unknown) => void)[] = [];
  worker.on('message', (answer: unknown) => waiting.shift()?.(answer));
  const call: Call = (text) => new Promise((resolve) => (waiting.push(resolve), worker.postMessage(text)));
  return { worker, call };
}

const poolOptions = {
  filename: join(import.meta.dirname, '../peers/echo-task.cjs'),
  minThreads: 1,
  maxThreads: 1,
  concurrentTasksPerWorker: inFlight,
};

async function poolOf(name: 'piscina' | 'tinypool'): Promise<Call> {
  const pool =
    name === 'piscina'
      ? new (await import('piscina')).Piscina(poolOptions)
      : new (await import('tinypool')).Tinypool(poolOptions);
  return (text) => pool.run(text);
}

async function opened(name: string): Promise<Call> {
  if (name === 'raw postMessage') return bareWorker().call;
  if (name === 'piscina' || name === 'tinypool') return poolOf(name);
  const method = runtimes.warm.method<string, unknown>('echo', 'echo');
  return async (text) => method(text);
}

async function timesFor(ms: number, work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (const until = performance.now() + ms; performance.now() < until;) {
    const before = performance.now();
    await work();
    times.push(performance.now() - before);
  }
  return times;
}

export const commands = {
  async load({ file }: { readonly file: string }): Promise<void> {
    for (const runtime of Object.values(runtimes)) {
      const { reason } = await runtime.load(file);
      if (reason !== undefined) throw new Error(reason.message);
    }
  },

  /** @returns the number to call it by; undefined when it is not installed */
  async open({ name }: { readonly name: string }): Promise<number | undefined> {
    try {
      return open.push(await opened(name)) - 1;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined;
      throw error;
    }
  },

  /** @returns microseconds of one call, one after the other: the median */
  async latency({ index, ms }: { readonly index: number; readonly ms: number }): Promise<number> {
    const call = open[index];
    await timesFor(ms / 4, async () => call?.(data));
    return quantile(await timesFor(ms, async () => call?.(data)), 0.5) * 1_000;
  },

  /** @returns calls in a second with 64 of them in flight */
  async throughput({ index, ms }: { readonly index: number; readonly ms: number }): Promise<number> {
    const call = open[index];
    let calls = 0;
    const startedAt = performance.now();
    const one = async (): Promise<void> => {
      for (; performance.now() - startedAt < ms; calls++) await call?.(data);
    };
    await Promise.all(Array.from({ length: inFlight }, one));
    return (calls * 1_000) / (performance.now() - startedAt);
  },

  /** @returns milliseconds from the wish for a thread to its first answer */
  async firstAnswer({ name }: { readonly name: StartCase }): Promise<number> {
    if (name === 'bare spare worker') {
      const { worker, call } = bareWorker();
      await once(worker, 'online');
      return timeOf(
        () => call(data),
        () => worker.terminate(),
      );
    }
    if (name === 'new bare worker') {
      let worker: Worker | undefined;
      const begin = (): Promise<unknown> => {
        const bare = bareWorker();
        ({ worker } = bare);
        return bare.call(data);
      };
      return timeOf(begin, async () => worker?.terminate());
    }
    const runtime = name === 'strict, warm spare' ? runtimes.warm : runtimes.cold;
    const ms = await timeOf(async () => {
      const { reason } = await runtime.restart('echo', { wait: 'published' });
      if (reason !== undefined) throw new Error(reason.message);
      await runtime.invoke('echo', 'echo', data);
    });
    // Until the next spare is warm.
    await new Promise((resolve) => setTimeout(resolve, spareMs));
    return ms;
  },
};

export type StartCase = 'bare spare worker' | 'new bare worker' | 'strict, warm spare' | 'strict, cold';

export type ThreadCommands = typeof commands;

async function timeOf(work: () => Promise<unknown>, end?: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  const ms = performance.now() - startedAt;
  await end?.();
  return ms;
}

answerCommands(commands);
