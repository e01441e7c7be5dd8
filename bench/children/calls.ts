// Calls that never leave this thread, timed in batches: the runtime's and those of the peers.
import { createHook } from 'node:async_hooks';
import { compileFunction } from 'node:vm';
import { createRuntime } from '@hotswap/runtime';
import { definePlugin } from '@hotswap/sdk';
import { answerCommands } from '../child-commands.ts';
import { quantile } from '../measure.ts';
import { plainWork, tryCatch, withTimeoutSignal, withTimer } from '../peers/guarded-calls.ts';

const limitMs = 30_000;
// Without telemetry the runtime is given a clock that stands still; this is the one that goes.
const kept: unknown = Reflect.get(globalThis, Symbol.for('hotswap.bench.now'));
const now = typeof kept === 'function' ? (kept as () => number) : () => performance.now();
const batch = 50;
const data = 'a'.repeat(100);

const definition = definePlugin({
  start(ctx) {
    ctx.methods.handle('sync', (call) => call.data);
    ctx.methods.handle('async', async (call) => call.data);
  },
});

const runtime = await createRuntime({ environment: {} }).start();
for (const isolation of ['none', 'basic']) {
  await runtime.load({ name: `echo-${isolation}`, definition, manifest: { isolation } });
}
const method = (isolation: 'none' | 'basic', name: 'sync' | 'async') =>
  runtime.method<string, string>(`echo-${isolation}`, name);

/** Every case takes data and gives an answer or the promise of one. */
const cases = {
  plain: plainWork,
  'try/catch': (text: string) => tryCatch(plainWork, text),
  'setTimeout + AbortController': (text: string) => withTimer(plainWork, text, limitMs),
  'AbortSignal.timeout': (text: string) => withTimeoutSignal(plainWork, text, limitMs),
  'none, sync': method('none', 'sync'),
  'none, async': method('none', 'async'),
  'basic, sync': method('basic', 'sync'),
  'basic, async': method('basic', 'async'),
} satisfies Readonly<Record<string, (text: string) => unknown>>;

export type CallCase = keyof typeof cases;

export const commands = {
  /** @returns nanoseconds of one call: the median over batches of 50 calls one after the other */
  async time({ name, ms }: { readonly name: CallCase; readonly ms: number }): Promise<number> {
    // Each case has a loop of its own: one that all share would be slow for whoever comes later.
    const loop = loopOver(cases[name]);
    await timesOf(loop, ms / 2);
    return quantile(await timesOf(loop, ms), 0.5);
  },

  /** @returns how many timers a thousand calls make */
  async timers({ name }: { readonly name: CallCase }): Promise<number> {
    let made = 0;
    const hook = createHook({ init: (_, type) => void (made += type === 'Timeout' ? 1 : 0) }).enable();
    const loop = loopOver(cases[name]);
    for (let done = 0; done < 1_000; done += batch) await loop();
    hook.disable();
    return made;
  },

  /** @returns whether an answer that was there at once came without a promise */
  isSyncAnswerPlain: ({ name }: { readonly name: CallCase }): boolean => cases[name](data) === data,
};

export type CallCommands = typeof commands;

type Loop = () => Promise<void>;

function loopOver(call: (text: string) => unknown): Loop {
  const source = `return async () => { for (let i = 0; i < ${batch}; i++) { const a = call(data); if (a !== data) await a; } };`;
  // A fresh function each time, with type feedback of its own.
  return (compileFunction(source, ['call', 'data']) as (call: unknown, data: string) => Loop)(call, data);
}

async function timesOf(loop: Loop, ms: number): Promise<number[]> {
  const times: number[] = [];
  const until = now() + ms;
  for (let before = now(); before < until;) {
    await loop();
    const after = now();
    times.push(((after - before) * 1e6) / batch);
    before = after;
  }
  return times;
}

answerCommands(commands);
