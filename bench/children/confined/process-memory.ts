// How much memory plugins take at level sandbox: each in a process of its own, or several in one.
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createLogger, createRuntime, parseRuntimeConfig } from '@hotswap/runtime';
import { answerCommands } from '../../child-commands.ts';
import { bareChild } from '../../peers/bare-processes.ts';

/** Private bytes of each of several. */
export interface ProcessMemory {
  /** Of the process that runs the plugin. */
  readonly program: number;
  /** Of the processes that stand around it. */
  readonly around: number;
}

const settleMs = 500;

export const commands = {
  /** @returns why it cannot be had here, or what each takes */
  async confined({ folder, sources, share }: Confined): Promise<ProcessMemory | string> {
    const keys = sources.map(({ name }) => `[plugins.${name}]\nshareProcess = "group"`);
    const text = ['[plugins.security]', 'verifySignatures = false', ...(share ? keys : [])].join('\n');
    const cwd = mkdtempSync(join(folder, 'host-'));
    const { config } = parseRuntimeConfig(text, { format: 'toml', file: 'bench.toml', env: {}, cwd });
    const log = createLogger({ level: 'silent' });
    const limits = { spares: 0 };
    const runtime = await createRuntime({ environment: {}, isolation: 'sandbox', config, log, limits }).start();
    for (const { path } of sources) {
      const { reason } = await runtime.load(path);
      if (reason !== undefined) return reason.message;
    }
    await wait(settleMs);
    const { program, around } = sizesBelow(process.pid);
    await runtime.close();
    return { program: program / sources.length, around: around / sources.length };
  },

  /** A child that sends back what it gets. */
  async bare({ count }: { readonly count: number }): Promise<ProcessMemory> {
    const children = Array.from({ length: count }, bareChild);
    for (const child of children) await child.call('up');
    await wait(settleMs);
    const { program } = sizesBelow(process.pid);
    for (const child of children) await child.end();
    return { program: program / count, around: 0 };
  },
};

interface Confined {
  /** What the runtime keeps on disk is in a folder of its own in it. */
  readonly folder: string;
  readonly sources: readonly { readonly name: string; readonly path: string }[];
  /** Whether all of them share one process. */
  readonly share: boolean;
}

export type ProcessMemoryCommands = typeof commands;

/** Sums over all descendants; services of this process, such as the bundler, are not among them. */
function sizesBelow(pid: number): ProcessMemory {
  const sums = { program: 0, around: 0 };
  for (const child of readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)) {
    const { program, around } = sizesBelow(Number(child));
    sums.program += program;
    sums.around += around;
    const [path = ''] = readFileSync(`/proc/${child}/cmdline`, 'utf8').split('\0');
    if (path === process.execPath) sums.program += privateBytes(child);
    else if (path.endsWith('/bwrap')) sums.around += privateBytes(child);
  }
  return sums;
}

function privateBytes(pid: string): number {
  const sums = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kilobytes = [...sums.matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB/gm)].map(([, size]) => Number(size));
  return kilobytes.reduce((sum, size) => sum + size, 0) * 1_024;
}

answerCommands(commands);
