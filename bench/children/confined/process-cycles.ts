// Processes or containers that come and go, the runtime's and bare children, and what they leave behind.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createLogger, createRuntime } from '@hotswap/runtime';
import { answerCommands } from '../../child-commands.ts';
import { bareChild } from '../../peers/bare-processes.ts';

type Level = 'sandbox' | 'container';
type Runtime = Awaited<ReturnType<typeof start>>;

const groups = '/sys/fs/cgroup';
const podman = ['--cgroup-manager', 'cgroupfs'];
let runtime: Runtime | undefined;
/** Children from the start: the bundler, the guard of groups, and the first plugin's. */
let known: ReadonlySet<string> = new Set();

function start(level: Level) {
  const log = createLogger({ level: 'silent' });
  return createRuntime({ environment: {}, isolation: level, log, limits: { spares: 0, probationMs: 0 } }).start();
}

export const commands = {
  /** @returns why it cannot be had here; undefined: it can */
  async open({ level, file }: { readonly level: Level; readonly file: string }): Promise<string | undefined> {
    runtime = await start(level);
    const { reason } = await runtime.load(file);
    known = childrenOf(process.pid);
    return reason?.message;
  },

  async ours({ count }: { readonly count: number }): Promise<void> {
    const name = runtime?.status().plugins[0]?.name ?? '';
    for (let index = 0; index < count; index++) {
      const report = await runtime?.reload(name);
      if (report?.reason !== undefined) throw new Error(report.reason.message);
    }
  },

  async bare({ count }: { readonly count: number }): Promise<void> {
    for (let index = 0; index < count; index++) {
      const child = bareChild();
      await child.call('up');
      await child.end();
    }
  },

  /** @returns bytes, the least of four collections */
  async settle(): Promise<{ readonly heap: number; readonly resident: number }> {
    let heap = Infinity;
    let resident = Infinity;
    for (let round = 0; round < 4; round++) {
      globalThis.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 50));
      const { heapUsed, external, rss } = process.memoryUsage();
      heap = Math.min(heap, heapUsed + external);
      resident = Math.min(resident, rss);
    }
    return { heap, resident };
  },

  /** Ends everything. @returns how many processes, groups, temp folders and containers of this process are still there */
  async leave(): Promise<readonly number[]> {
    await runtime?.close();
    const mark = `-${process.pid}-`;
    return [
      childrenOf(process.pid).difference(known).size,
      countNames(groups, mark, 1),
      countNames(tmpdir(), mark, 0),
      await countContainers(String(process.pid)),
    ];
  },
};

export type ProcessCycleCommands = typeof commands;

function childrenOf(pid: number): Set<string> {
  return new Set(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean));
}

/** Names that contain the mark, in a folder and so many levels below. */
function countNames(folder: string, mark: string, depth: number): number {
  let count = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name.includes(mark)) count++;
    else if (depth > 0 && entry.isDirectory()) count += countNames(join(folder, entry.name), mark, depth - 1);
  }
  return count;
}

async function countContainers(label: string): Promise<number> {
  try {
    const list = ['ps', '--all', '--quiet', '--filter', `label=hotswap.host=${label}`];
    const { stdout } = await promisify(execFile)('podman', [...podman, ...list]);
    return stdout.split('\n').filter(Boolean).length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

answerCommands(commands);
