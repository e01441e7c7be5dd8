import { descendants, type ProcessEntry, processTable } from '../../usage/process-tree.ts';
import { cpuOf, memoryOf } from '../../usage/process-usage.ts';
import type { Cgroup, CgroupDriver, GroupLimits, GroupUsage } from '../cgroup.ts';
import { bytesOf } from './group-files.ts';

/** Between two looks at the table of processes. What grows faster than this is not seen in time. */
const lookMs = 250;
const recentMs = 100;
const killLookMs = 5;
const goneMs = 5_000;

/**
 * Where this host has no groups: looks at the processes from time to time and kills those that together use more memory,
 * or are more, than they may. It is slow, cannot hold back the processor, and a process that leaves its parent between two
 * looks is lost to it; therefore it counts as a missing layer.
 */
export function pollingDriver(): CgroupDriver {
  const groups = new Set<PolledGroup>();
  let timer: NodeJS.Timeout | undefined;
  let recent = { table: processTable(), readAt: 0 };
  const readTable = (): ProcessTable => {
    recent = { table: processTable(), readAt: performance.now() };
    return recent.table;
  };
  // One reading serves the questions about all groups that are asked at about the same time.
  const recentTable = (): ProcessTable => (performance.now() - recent.readAt < recentMs ? recent.table : readTable());
  const look = (): void => {
    const table = readTable();
    for (const group of groups) group.look(table);
  };
  const stopWatching = (group: PolledGroup): void => {
    groups.delete(group);
    if (groups.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  return {
    how: 'polling',
    async create(_name, limits) {
      const group = new PolledGroup(limits, { readTable, recentTable, stopWatching });
      groups.add(group);
      // Whoever runs the sandbox keeps the process alive, not the watching of it.
      timer ??= setInterval(look, lookMs).unref();
      return group;
    },
    // A host that is gone leaves nothing but processes, which end with it (`--die-with-parent`).
    removeLeftovers: async () => 0,
  };
}

type ProcessTable = ReadonlyMap<number, ProcessEntry>;

/** What a group asks of all of them together. */
interface Watching {
  readTable(): ProcessTable;
  recentTable(): ProcessTable;
  stopWatching(group: PolledGroup): void;
}

class PolledGroup implements Cgroup {
  readonly enter: readonly string[] = [];
  readonly #watching: Watching;
  #limits: GroupLimits;
  /** All that were seen, by pid: one whose parent has ended is nobody's descendant any more. */
  #known = new Map<number, string>();
  #wasOutOfMemory = false;

  constructor(limits: GroupLimits, watching: Watching) {
    this.#limits = limits;
    this.#watching = watching;
  }

  started(pid: number): void {
    const start = this.#watching.readTable().get(pid)?.start;
    if (start !== undefined) this.#known.set(pid, start);
  }

  async limit(limits: GroupLimits): Promise<void> {
    this.#limits = { ...this.#limits, ...limits };
  }

  async processes(): Promise<readonly number[]> {
    return this.#living(this.#watching.recentTable()).map(({ pid }) => pid);
  }

  async usage(): Promise<GroupUsage> {
    const living = await this.processes();
    return {
      memoryBytes: total(living.map(memoryOf)),
      cpuMs: total(living.map(cpuOf)),
      processes: living.length,
    };
  }

  async wasOutOfMemory(): Promise<boolean> {
    return this.#wasOutOfMemory;
  }

  async kill(): Promise<void> {
    const end = performance.now() + goneMs;
    while (this.#killAll(this.#living(this.#watching.readTable())) > 0 && performance.now() < end) await lookAgain();
  }

  async remove(): Promise<void> {
    this.#watching.stopWatching(this);
  }

  look(table: ProcessTable): void {
    const living = this.#living(table);
    const { memoryMB, processes } = this.#limits;
    const isFull = memoryMB !== undefined && total(living.map(({ pid }) => memoryOf(pid))) > bytesOf(memoryMB);
    if (isFull) this.#wasOutOfMemory = true;
    if (isFull || (processes !== undefined && living.length > processes)) this.#killAll(living);
  }

  #living(table: ProcessTable): readonly ProcessEntry[] {
    const known = [...this.#known].filter(([pid, start]) => table.get(pid)?.start === start).map(([pid]) => pid);
    const living = descendants(table, known);
    this.#known = new Map(living.map(({ pid, start }) => [pid, start]));
    return living;
  }

  #killAll(living: readonly ProcessEntry[]): number {
    for (const { pid } of living) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    return living.length;
  }
}

const total = (values: readonly (number | undefined)[]): number =>
  values.reduce<number>((sum, one) => sum + (one ?? 0), 0);

function lookAgain(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, killLookMs);
  });
}
