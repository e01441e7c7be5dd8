import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ResourceUsage, unknownUsage } from '../resource-usage.ts';

const root = '/sys/fs/cgroup';

/**
 * What a container uses, as the kernel counts it for all its processes together.
 *
 * @param pid of its first process, on this host
 */
export async function containerUsage(pid: number): Promise<ResourceUsage> {
  const groups = await read(`/proc/${pid}/cgroup`);
  if (groups === undefined) return unknownUsage;
  const paths = readGroups(groups);
  const file = async (controller: string, name: string): Promise<string | undefined> => {
    const path = paths.get(controller) ?? paths.get('');
    if (path === undefined) return undefined;
    return read(join(root, paths.has(controller) ? controller : '', path, name));
  };
  const [memory, v1Memory, cpu, v1Cpu, processes] = await Promise.all([
    file('', 'memory.current'),
    file('memory', 'memory.usage_in_bytes'),
    file('', 'cpu.stat'),
    file('cpuacct', 'cpuacct.usage'),
    file('pids', 'pids.current'),
  ]);
  const microseconds = /^usage_usec (\d+)$/m.exec(cpu ?? '')?.[1];
  return {
    ...unknownUsage,
    memoryBytes: numberOf(v1Memory ?? memory),
    cpuMs: v1Cpu === undefined ? scaled(numberOf(microseconds), 1_000) : scaled(numberOf(v1Cpu), 1_000_000),
    processes: numberOf(processes),
  };
}

/** The groups that a process is in: of each controller of version 1, and under an empty name of version 2. */
function readGroups(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const [, controllers, path] = /^\d+:([^:]*):(.+)$/.exec(line) ?? [];
      if (controllers === undefined || path === undefined) return [];
      return controllers.split(',').map((name) => [name, path] as const);
    }),
  );
}

async function read(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined || !/^\d+\s*$/.test(text) ? undefined : Number(text);
}

function scaled(value: number | undefined, unit: number): number | undefined {
  return value === undefined ? undefined : value / unit;
}
