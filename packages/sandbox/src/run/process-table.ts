import { readFile } from 'node:fs/promises';
import { setTimeout as after } from 'node:timers/promises';

/** Between two looks at a process that is going; it takes a few milliseconds. */
const lookMs = 2;
const goneMs = 5_000;

/** When a process began, in ticks since the start of the machine: with its pid, it names one process for ever. */
export async function startOf(pid: number): Promise<string | undefined> {
  const fields = await statFields(pid);
  return fields?.[19];
}

/** The children of a process; the first one first. */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}

/** A process that its pid alone does not name for ever. */
export interface KnownProcess {
  readonly pid: number;
  readonly start: string | undefined;
}

/** Kills a process. Resolves when it has ended, or after 5 s; the first one of a pid namespace ends after all others in it. */
export async function endProcess({ pid, start }: KnownProcess): Promise<void> {
  const end = performance.now() + goneMs;
  for (let isFirst = true; performance.now() < end; isFirst = false) {
    const fields = await statFields(pid);
    if (fields === undefined || fields[0] === 'Z' || fields[19] !== start) return;
    if (isFirst) killNow(pid);
    await after(lookMs);
  }
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** What stands after the name, which may hold anything: state, parent, and so on. */
async function statFields(pid: number): Promise<readonly string[] | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => {});
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}
