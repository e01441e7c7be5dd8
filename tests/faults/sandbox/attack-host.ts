// A host of three plugins, one of which attacks it from level sandbox. It says in one line of JSON what came of it.
import { readdirSync, readFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { createRuntime, type HostLogger, type Runtime } from '@hotswap/runtime';
import type { LayerName } from '@hotswap/sandbox';

/** What a host that lives says. */
export interface HostWord {
  /** What became of the attacker; `host lost`: it did not come to an end. */
  readonly outcome: 'restarted' | 'quarantined' | 'lives on' | 'refused' | 'host lost';
  /** Until it was settled. */
  readonly ms: number;
  readonly how: string;
  /** Requests to the healthy plugins meanwhile, and what those met that failed. */
  readonly served: number;
  readonly failures: readonly string[];
  readonly slowestMs: number;
  /** By how much the host grew, at most. */
  readonly grewMB: number;
  /** What was there after the runtime had closed: processes, files in the temp folder. */
  readonly left: readonly string[];
}

/** What a host is told. */
export interface HostOrders {
  readonly attacker: string;
  readonly healthy: readonly string[];
  readonly calls: number;
  readonly bytes: number;
  readonly allowMissing: readonly LayerName[];
}

const orders = JSON.parse(process.argv[2] ?? '') as HostOrders;
const limitMs = 30_000;
const everyMs = 10;
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
  log,
  allowMissing: orders.allowMissing,
  limits: {
    callTimeoutMs: 10_000,
    loadTimeoutMs: 5_000,
    shutdownTimeoutMs: 2_000,
    drainTimeoutMs: 1_000,
    // What stands still while nobody calls it is found by the check of its health.
    healthIntervalMs: 500,
    spares: 0,
  },
}).start();
const names = ['neighbour', 'housemate'];
for (const source of orders.healthy) await mustLoad(runtime, source);
for (const name of names) await ask(name);

const load = steadyLoad();
const startedAt = performance.now();
const passed = (): number => Math.round(performance.now() - startedAt);
const word = await attack();
// Whoever is well goes on being served for a while after it.
await wait(200);
const { served, failures, slowestMs, grewMB } = await load.end();
await runtime.close();
const said: HostWord = { ...word, served, failures, slowestMs, grewMB, left: await whatIsLeft() };
writeSync(1, `${JSON.stringify(said)}\n`);

async function attack(): Promise<Pick<HostWord, 'outcome' | 'ms' | 'how'>> {
  const { reason } = await runtime.load(orders.attacker);
  if (reason !== undefined) return { outcome: 'refused', ms: passed(), how: `it is not loaded: ${reason.code}` };
  const data = orders.bytes === 0 ? undefined : 'x'.repeat(orders.bytes);
  const called = Array.from({ length: orders.calls }, () =>
    Promise.resolve(runtime.invoke('attacker', 'run', data)).then(
      () => 'the call is answered',
      (error: { readonly code?: string }) => `the call fails with ${error.code}`,
    ),
  );
  const [first = 'it is not called'] = await Promise.all(called);
  while (passed() < limitMs) {
    const { state, generation = 0, recovery } = runtime.pluginStatus('attacker');
    const [end = 'recovery replaced it, for all that failed'] = ends;
    const how = /ended: (.*?);/.exec(end)?.[1] ?? end;
    if (recovery?.quarantined === true) return { outcome: 'quarantined', ms: passed(), how };
    if (orders.calls > 0 && state === 'active' && generation > 1) return { outcome: 'restarted', ms: passed(), how };
    if (orders.calls > 0 && (await answersAgain())) return { outcome: 'lives on', ms: passed(), how: first };
    await wait(10);
  }
  return { outcome: 'host lost', ms: passed(), how: `the attacker was not settled; ${first}` };
}

/** Several times, with a wait between: one that is about to be ended may answer once more. */
async function answersAgain(): Promise<boolean> {
  for (let round = 0; round < 3; round++) {
    const pong = await Promise.race([
      Promise.resolve(runtime.invoke('attacker', 'ping')).catch(() => undefined),
      wait(500),
    ]);
    if (pong !== 'pong' || ends.length > 0) return false;
    await wait(100);
  }
  // One that recovery has replaced answers too.
  return ends.length === 0 && runtime.pluginStatus('attacker').generation === 1;
}

/** Asks each healthy plugin every few milliseconds, and watches how large this host grows. */
function steadyLoad() {
  const open = new Set<Promise<void>>();
  const failures: string[] = [];
  const before = process.memoryUsage.rss();
  let [served, slowestMs, most] = [0, 0, before];
  const one = async (name: string): Promise<void> => {
    const askedAt = performance.now();
    await ask(name).then(
      () => served++,
      (error: unknown) => failures.push(`${name}: ${String(error)}`),
    );
    slowestMs = Math.max(slowestMs, Math.round(performance.now() - askedAt));
  };
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
    for (const name of names) {
      const asked = one(name).finally(() => open.delete(asked));
      open.add(asked);
    }
  }, everyMs);
  return {
    end: async () => {
      clearInterval(timer);
      await Promise.all(open);
      return { served, failures: failures.slice(0, 5), slowestMs, grewMB: Math.round((most - before) / 1_048_576) };
    },
  };
}

async function ask(name: string): Promise<void> {
  const answer = await runtime.fetch(new Request(`http://host.test/${name}`));
  const text = await answer.text();
  if (answer.status !== 200 || text !== name) throw new Error(`${answer.status}: ${text.slice(0, 200)}`);
}

async function mustLoad(host: Runtime, source: string): Promise<void> {
  const { reason } = await host.load(source);
  if (reason !== undefined) throw new Error(reason.message);
}

/** The kernel may take a moment for the last of a process. */
async function whatIsLeft(): Promise<readonly string[]> {
  const end = performance.now() + 2_000;
  for (;;) {
    const left = [...children(), ...readdirSync(tmpdir())];
    if (left.length === 0 || performance.now() > end) return left;
    await wait(20);
  }
}

/** But for those that serve the host until it ends: its bundler, and the shell that would end confined processes after it. */
function children(): readonly string[] {
  const pids = readdirSync('/proc/self/task').flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'latin1').split(' ').filter(Boolean),
  );
  return pids.map((pid) => `process ${pid}: ${nameOf(pid)}`).filter((name) => !/esbuild|: \/bin\/sh -c/.test(name));
}

function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return 'gone';
  }
}
