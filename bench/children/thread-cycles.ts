// Threads that come and go, the runtime's and bare ones, and what they leave behind in this process.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { createLogger, createRuntime } from '@hotswap/runtime';
import { answerCommands } from '../child-commands.ts';

const log = createLogger({ level: 'silent' });
const limits = { spares: 0, probationMs: 0 };
const runtime = await createRuntime({ environment: {}, isolation: 'strict', log, limits }).start();

export const commands = {
  async load({ file }: { readonly file: string }): Promise<void> {
    const { reason } = await runtime.load(file);
    if (reason !== undefined) throw new Error(reason.message);
  },

  async strict({ count }: { readonly count: number }): Promise<void> {
    const name = runtime.status().plugins[0]?.name ?? '';
    for (let index = 0; index < count; index++) {
      const { reason } = await runtime.reload(name);
      if (reason !== undefined) throw new Error(reason.message);
    }
  },

  async bare({ count }: { readonly count: number }): Promise<void> {
    for (let index = 0; index < count; index++) {
      const worker = new Worker("require('node:worker_threads').parentPort.on('message', () => {})", { eval: true });
      await once(worker, 'online');
      await worker.terminate();
    }
  },

  /** @returns resident bytes, the least of four collections */
  async settle(): Promise<number> {
    let least = Infinity;
    for (let round = 0; round < 4; round++) {
      globalThis.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 50));
      least = Math.min(least, process.memoryUsage.rss());
    }
    return least;
  },
};

export type CycleCommands = typeof commands;

answerCommands(commands);
