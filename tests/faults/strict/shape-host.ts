// A host of two strict plugins, one of which goes wrong. It says in one line of JSON what came of it, if it still can.
import { writeSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { createRuntime, type HostLogger } from '@hotswap/runtime';

/** What a host that lives says. */
export interface HostWord {
  readonly outcome: 'contained' | 'stuck' | 'host lost';
  /** Until the thread was gone, abandoned, or answering again. */
  readonly ms: number;
  readonly how: string;
}

const [, , shapeFile = '', neighbourFile = '', fifo = '', timeLimit = ''] = process.argv;
const stuckAfterMs = 1_500;
/** A thread that ends within this time after it was abandoned was only late. */
const lateMs = 6_000;
const limitMs = 30_000;

const ends: string[] = [];
const log: HostLogger = {
  debug() {},
  info() {},
  warn() {},
  error(fields: unknown, text?: string) {
    if (text === 'the isolate of the plugin ended') ends.push(String(Reflect.get(Object(fields), 'error')));
  },
  child: () => log,
};

const runtime = await createRuntime({
  environment: {},
  isolation: 'strict',
  log,
  limits: { callTimeoutMs: Number(timeLimit), spares: 0 },
}).start();
for (const source of [shapeFile, neighbourFile]) {
  const { reason } = await runtime.load(source);
  if (reason !== undefined) throw new Error(reason.message);
}
await runtime.invoke('shape', 'ping');

const threads = runtime.status().threads.alive;
const startedAt = performance.now();
const passed = (): number => Math.round(performance.now() - startedAt);
const answer = Promise.resolve(runtime.invoke('shape', 'run', { fifo })).then(
  () => 'the call is answered',
  (error: { readonly code?: string }) => `the call fails with ${error.code}`,
);
const word = await outcome();
const isWell = (await Promise.race([runtime.invoke('neighbour', 'ping'), wait(2_000)])) === 'pong';
say(isWell ? word : { ...word, outcome: 'host lost', how: 'the neighbour answers no more' });

/** @returns when the thread has ended, is stuck, or has lived through it */
async function outcome(): Promise<HostWord> {
  const called = await answer;
  while (passed() < limitMs) {
    const [end] = ends;
    if (end !== undefined) return await afterEnd(passed(), end);
    if (isReplaced()) return await afterReplacement();
    if (await answersAgain()) return { outcome: 'contained', ms: passed(), how: `${called}, the thread lives` };
    await wait(10);
  }
  return { outcome: 'host lost', ms: passed(), how: 'the thread was neither ended nor abandoned' };
}

/** Recovery has given it up before its thread was found to stand still. */
function isReplaced(): boolean {
  return shapeStatus()?.generation !== 1;
}

/** Until the thread in its place is there, and its own is gone or abandoned. */
async function afterReplacement(): Promise<HostWord> {
  await within(limitMs, () => {
    const { alive, stuck } = runtime.status().threads;
    return stuck.length > 0 || (shapeStatus()?.state === 'active' && alive === threads);
  });
  return afterEnd(passed(), ends[0] ?? 'ended: recovery replaced it;');
}

function shapeStatus() {
  return runtime.status().plugins.find(({ name }) => name === 'shape');
}

async function afterEnd(ms: number, error: string): Promise<HostWord> {
  const how = /ended: (.*?);/.exec(error)?.[1] ?? error;
  const isStuck = (): boolean => runtime.status().threads.stuck.length > 0;
  if (!(await within(stuckAfterMs, isStuck))) return { outcome: 'contained', ms, how };
  if (await within(lateMs, () => !isStuck())) return { outcome: 'contained', ms: passed(), how: `${how}; it was late` };
  return { outcome: 'stuck', ms, how };
}

async function within(ms: number, isSo: () => boolean): Promise<boolean> {
  const until = passed() + ms;
  while (!isSo()) {
    if (passed() > until) return false;
    await wait(10);
  }
  return true;
}

/** Twice, with a turn between: a plugin that is about to be ended may answer once more. */
async function answersAgain(): Promise<boolean> {
  for (let round = 0; round < 2; round++) {
    const pong = await Promise.race([
      Promise.resolve(runtime.invoke('shape', 'ping')).catch(() => undefined),
      wait(200),
    ]);
    if (pong !== 'pong' || ends.length > 0 || isReplaced()) return false;
    await wait(100);
  }
  return ends.length === 0 && !isReplaced();
}

/** The process ends by force: that a stuck thread would keep it is another test. */
function say(said: HostWord): void {
  writeSync(1, `${JSON.stringify(said)}\n`);
  process.kill(process.pid, 'SIGKILL');
}
