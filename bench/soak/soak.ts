import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SoakClients, type SoakCounts } from './soak-clients.ts';
import { type LogLine, readSoakLog, type SoakLog } from './soak-log.ts';
import type { SoakNews, SoakOrder } from './soak-messages.ts';
import { soakPlugins } from './soak-plugins.ts';

export interface SoakOptions {
  /** An empty folder: plugins and log go there. */
  readonly folder: string;
  readonly ms: number;
  readonly seed: number;
  /** Told of the process that serves, to end it whatever happens. */
  readonly onChild: (child: ChildProcess) => void;
  readonly progress?: (what: string) => void;
}

/** What a soak came to. */
export interface SoakResult {
  readonly healthy: SoakCounts;
  readonly faulty: SoakCounts;
  readonly byPlugin: ReadonlyMap<string, SoakCounts>;
  /** What the operator did, by verb and outcome. */
  readonly operations: Readonly<Record<string, number>>;
  readonly log: SoakLog;
}

/** Healthy and faulty plugins in one process, under load from this one, with an operator who changes them at random. */
export async function runSoak({ folder, ms, seed, onChild, progress = () => {} }: SoakOptions): Promise<SoakResult> {
  const child = fork(new URL('./soak-server.ts', import.meta.url), [folder, String(seed)], {
    execArgv: ['--conditions=@hotswap/source', '--no-experimental-ffi'],
  });
  onChild(child);
  const ready = await news(child, 'ready', 60_000);
  const clients = new SoakClients(ready.port, soakPlugins);
  const end = Date.now() + ms;
  while (Date.now() < end && child.exitCode === null) {
    progress(`soak: ${Math.ceil((end - Date.now()) / 1_000)} s left`);
    await pause(Math.min(1_000, Math.max(0, end - Date.now())));
  }
  await clients.stop();
  const finished = news(child, 'finished', 60_000);
  child.send({ type: 'finish' } satisfies SoakOrder);
  const { operations } = await finished;
  const lines = readFileSync(join(folder, 'log.jsonl'), 'utf8').trimEnd().split('\n');
  const sum = (isHealthy: boolean): SoakCounts => total(clients.counts, isHealthy);
  return {
    healthy: sum(true),
    faulty: sum(false),
    byPlugin: clients.counts,
    operations,
    log: readSoakLog(lines.map((line) => JSON.parse(line) as LogLine)),
  };
}

async function news<Type extends SoakNews['type']>(
  child: ChildProcess,
  type: Type,
  limitMs: number,
): Promise<Extract<SoakNews, { readonly type: Type }>> {
  const limit = AbortSignal.timeout(limitMs);
  const ended = once(child, 'exit', { signal: limit }).then(([code, signal]) => {
    throw new Error(`the server of the soak ended: ${signal ?? code}`);
  });
  const heard = once(child, 'message', { signal: limit }).then(([message]) => message as SoakNews);
  const first = await Promise.race([heard, ended]);
  ended.catch(() => {}); // it ends after its last word, as it should
  if (first.type !== type) throw new Error(`the server of the soak said ${first.type}, not ${type}`);
  return first as Extract<SoakNews, { readonly type: Type }>;
}

function total(counts: ReadonlyMap<string, SoakCounts>, isHealthy: boolean): SoakCounts {
  const sum: SoakCounts = { requests: 0, failed: 0, failures: [] };
  for (const { name } of soakPlugins.filter((plugin) => plugin.isHealthy === isHealthy)) {
    const { requests = 0, failed = 0, failures = [] } = counts.get(name) ?? {};
    sum.requests += requests;
    sum.failed += failed;
    sum.failures.push(...failures.map((failure) => `${name}: ${failure}`));
  }
  return sum;
}
