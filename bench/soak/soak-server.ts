// The process of a soak that serves: every plugin, an operator who changes them at random, and a log on disk.
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createRuntime, type HostLogger, type Runtime } from '@hotswap/runtime';
import type { SoakNews, SoakOrder } from './soak-messages.ts';
import { failingStart, type SoakPlugin, soakPlugins, writeSoakPlugin } from './soak-plugins.ts';

const [folder = '', seed = '1'] = process.argv.slice(2);
const logFile = join(folder, 'log.jsonl');

function fileLog(bindings: Readonly<Record<string, unknown>> = {}): HostLogger {
  const write = (level: string) => (first: object | string, message?: string) => {
    const fields = typeof first === 'string' ? { message: first } : { ...first, message };
    appendFileSync(logFile, `${JSON.stringify({ at: Date.now(), level, ...bindings, ...fields })}\n`);
  };
  return {
    debug: () => {},
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (more) => fileLog({ ...bindings, ...more }),
  };
}

/** The same sequence for the same seed. */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const counts: Record<string, number> = {};

/** What an operator does to plugins that are well, and to those that were given up. */
async function operate(runtime: Runtime, plugin: SoakPlugin, draw: number): Promise<void> {
  const { name, isHealthy } = plugin;
  const options = { actor: 'operator', reason: 'soak', wait: 'published' } as const;
  const isQuarantined = runtime.pluginStatus(name).recovery?.quarantined === true;
  const count = async (verb: string, work: () => Promise<{ readonly outcome: string }>): Promise<void> => {
    const { outcome } = await work();
    counts[`${verb} ${outcome}`] = (counts[`${verb} ${outcome}`] ?? 0) + 1;
  };
  if (isQuarantined) return count('restart of a quarantined one', () => runtime.restart(name, options));
  if (!isHealthy && draw > 0.1) return;
  if (draw < 0.3) return count('reload', () => runtime.reload(name, options));
  if (draw < 0.5) return count('restart', () => runtime.restart(name, options));
  if (draw < 0.7) return count('configure', () => runtime.configure(name, {}, options));
  const broken = writeSoakPlugin(join(folder, 'broken'), plugin, failingStart);
  await count('swap to what does not start', () => runtime.swap(name, broken, options));
}

const tell = (news: SoakNews): void => void process.send?.(news);

const runtime = createRuntime({
  log: fileLog(),
  environment: {},
  limits: { probationMs: 2_000, probeMs: 200, drainTimeoutMs: 2_000, healthIntervalMs: 1_000 },
});
await runtime.start();
for (const plugin of soakPlugins) {
  const { reason } = await runtime.load(writeSoakPlugin(join(folder, 'plugins'), plugin), { actor: 'start-up' });
  // One that stumbles at its very first start is brought up by recovery, as at a host's start.
  if (reason && plugin.isHealthy) throw new Error(reason.message);
}
const server = createServer(runtime.listener());
server.listen(0, '127.0.0.1', () => tell({ type: 'ready', port: (server.address() as AddressInfo).port }));

const over = new AbortController();
const random = randomFrom(Number(seed));
const operating = (async () => {
  while (!over.signal.aborted) {
    const plugin = soakPlugins[Math.floor(random() * soakPlugins.length)] as SoakPlugin;
    await operate(runtime, plugin, random()).catch((error: unknown) => {
      const verb = `refused: ${String((error as { readonly code?: string }).code)}`;
      counts[verb] = (counts[verb] ?? 0) + 1;
    });
    await pause(100);
  }
})();

process.on('message', (_: SoakOrder) => {
  over.abort();
  void operating.then(async () => {
    server.close();
    server.closeAllConnections();
    await runtime.close();
    tell({ type: 'finished', operations: counts });
    process.disconnect?.();
  });
});
