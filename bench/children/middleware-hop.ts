// What a middleware that runs elsewhere and looks at heads alone adds to a request, beside two calls to where it runs.
import { createLogger, createRuntime } from '@hotswap/runtime';
import { answerCommands } from '../child-commands.ts';
import { quantile } from '../measure.ts';

const log = createLogger({ level: 'silent' });
const runtime = await createRuntime({ environment: {}, log, limits: { probationMs: 0 } }).start();

async function medianOf(ms: number, work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (const until = performance.now() + ms; performance.now() < until;) {
    const before = performance.now();
    await work();
    times.push(performance.now() - before);
  }
  return quantile(times, 0.5) * 1_000;
}

async function ask(path: string): Promise<void> {
  const response = await runtime.fetch(new Request(`http://127.0.0.1${path}`));
  if ((await response.text()) !== 'hello') throw new Error(`${path} was answered ${response.status}`);
}

export const commands = {
  async load({ files }: { readonly files: readonly string[] }): Promise<void> {
    for (const file of files) {
      const { reason } = await runtime.load(file);
      if (reason !== undefined) throw new Error(reason.message);
    }
  },

  /** @returns microseconds, medians: a plain request, one through both hooks, two calls one after the other */
  async measure({ ms }: { readonly ms: number }): Promise<{ plain: number; hooked: number; calls: number }> {
    const call = runtime.method<string, unknown>('looker', 'echo');
    const plain = await medianOf(ms, () => ask('/plain'));
    const hooked = await medianOf(ms, () => ask('/hooked'));
    const calls = await medianOf(ms, async () => {
      await call('hello');
      await call('hello');
    });
    return { plain, hooked, calls };
  },
};

export type MiddlewareHopCommands = typeof commands;

answerCommands(commands);
