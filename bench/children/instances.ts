// How much memory one more of something takes: a plugin, a bare worker, a bare child.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { createRuntime } from '@hotswap/runtime';
import { answerCommands } from '../child-commands.ts';

/** What this process alone has mapped. Elsewhere than on Linux, what is resident. */
function privateBytes(pid: number = process.pid): number {
  if (process.platform !== 'linux') return process.memoryUsage.rss();
  const sums = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kilobytes = [...sums.matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB/gm)].map(([, size]) => Number(size));
  return kilobytes.reduce((sum, size) => sum + size, 0) * 1_024;
}

async function settledBytes(): Promise<{ readonly heap: number; readonly all: number }> {
  for (let round = 0; round < 4; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, external } = process.memoryUsage();
  return { heap: heapUsed + external, all: privateBytes() };
}

export interface Growth {
  /** Of the JavaScript heap and of buffers, in bytes for each instance. */
  readonly heap: number;
  /** Of private memory as the system counts it. */
  readonly all: number;
}

async function growthOf(count: number, start: (index: number) => Promise<unknown>): Promise<Growth> {
  const before = await settledBytes();
  for (let index = 0; index < count; index++) await start(index);
  const after = await settledBytes();
  return { heap: (after.heap - before.heap) / count, all: (after.all - before.all) / count };
}

export const commands = {
  /** The first sources warm the loader up and do not count. */
  async plugins({
    warmUp,
    sources,
  }: {
    readonly warmUp: readonly string[];
    readonly sources: readonly string[];
  }): Promise<Growth> {
    // A spare would count as one plugin more.
    const runtime = await createRuntime({ environment: {}, limits: { spares: 0 } }).start();
    for (const source of warmUp) await runtime.load(source);
    const growth = await growthOf(sources.length, (index) => runtime.load(sources[index] ?? ''));
    const { plugins } = runtime.status();
    const missing = plugins.find(({ state }) => state !== 'active');
    if (missing) throw new Error(`${missing.name} is ${missing.state}: ${missing.reason?.message}`);
    await runtime.close();
    return growth;
  },

  async workers({ count }: { readonly count: number }): Promise<Growth> {
    const workers: Worker[] = [];
    const growth = await growthOf(count, async () => {
      const worker = new Worker("require('node:worker_threads').parentPort.on('message', () => {})", { eval: true });
      workers.push(worker);
      await once(worker, 'online');
    });
    await Promise.all(workers.map((worker) => worker.terminate()));
    return growth;
  },

  /** What a child that does nothing has for itself; on the side of the parent it is next to nothing. */
  async children({ count }: { readonly count: number }): Promise<Growth> {
    const children = Array.from({ length: count }, () => {
      const idle = "process.stdin.resume(); console.log('up')";
      return spawn(process.execPath, ['-e', idle], { stdio: ['pipe', 'pipe', 'ignore'] });
    });
    await Promise.all(children.map((child) => once(child.stdout, 'data')));
    await new Promise((resolve) => setTimeout(resolve, 300));
    const all = children.reduce((sum, { pid }) => sum + privateBytes(pid), 0) / count;
    // Its input ends with this process too, whatever becomes of it.
    const exits = children.map((child) => once(child, 'exit'));
    for (const child of children) child.stdin.end();
    await Promise.all(exits);
    return { heap: Number.NaN, all };
  },
};

export type InstanceCommands = typeof commands;

answerCommands(commands);
