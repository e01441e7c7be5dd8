import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';

import { SandboxError } from '../../errors.ts';
import type { Cgroup, GroupLimits, GroupUsage } from '../cgroup.ts';
import { readPseudo, removeFolder, writePseudo } from '../pseudo-files.ts';
import type { GroupFiles, LimitWrite } from './group-files.ts';

/** The longest that the kernel may take to end killed processes, and how long between two looks. */
const goneMs = 5_000;
const lookMs = 5;

/** `0` is the process that writes: the shell, which then becomes the command. */
const enterScript =
  'n=$1; shift; while [ "$n" -gt 0 ]; do echo 0 > "$1" || exit 125; shift; n=$((n-1)); done; exec "$@"';

/** A group that is made of folders and files of the kernel. */
export class FileCgroup implements Cgroup {
  readonly #files: GroupFiles;
  #removed = false;

  /** @throws SANDBOX_GROUP_FAILED, SANDBOX_LIMIT_REFUSED; nothing is left behind then */
  static async create(files: GroupFiles, limits: GroupLimits): Promise<FileCgroup> {
    const made: string[] = [];
    try {
      for (const folder of files.folders) {
        mkdirSync(folder);
        made.push(folder);
      }
      const group = new FileCgroup(files);
      await group.limit(limits);
      return group;
    } catch (error) {
      // Only its own: of a group that was there already, nothing is touched.
      for (const folder of made) removeFolder(folder);
      if (error instanceof SandboxError) throw error;
      const details = { group: files.folders[0], reason: String(error) };
      throw new SandboxError('SANDBOX_GROUP_FAILED', details, { cause: error });
    }
  }

  constructor(files: GroupFiles) {
    this.#files = files;
  }

  get enter(): readonly string[] {
    const files = this.#files.folders.map((folder) => join(folder, this.#files.enterFile));
    return ['/bin/sh', '-c', enterScript, 'enter', String(files.length), ...files];
  }

  get enterLines(): readonly string[] {
    const files = this.#files.folders.map((folder) =>
      join(folder, this.#files.enterFile).replaceAll("'", String.raw`'\''`),
    );
    return files.map((file) => `echo 0 > '${file}' || exit 125`);
  }

  started(): void {
    // Its descendants are in the group by birth.
  }

  async limit(limits: GroupLimits): Promise<void> {
    for (const write of this.#files.limitWrites(limits)) this.#write(write);
  }

  async processes(): Promise<readonly number[]> {
    return (readPseudo(join(this.#files.folders[0] ?? '', 'cgroup.procs')) ?? '')
      .split('\n')
      .filter(Boolean)
      .map(Number);
  }

  async usage(): Promise<GroupUsage> {
    return this.#files.usage();
  }

  async wasOutOfMemory(): Promise<boolean> {
    return this.#files.outOfMemoryKills() > 0;
  }

  async kill(): Promise<void> {
    const { killFile, noMoreProcesses } = this.#files;
    const end = performance.now() + goneMs;
    const killAtOnce = killFile !== undefined && existsSync(killFile);
    // Where the kernel does not kill them all at once, none may start a new one meanwhile.
    if (!killAtOnce) writeUnlessGone(noMoreProcesses.file, noMoreProcesses.value);
    for (;;) {
      const living = await this.processes();
      if (living.length === 0 || performance.now() > end) return;
      if (killAtOnce) writeUnlessGone(killFile, '1');
      else for (const pid of living) killOne(pid);
      await after(lookMs);
    }
  }

  async remove(): Promise<void> {
    if (this.#removed) return;
    this.#removed = true;
    const end = performance.now() + goneMs;
    // A process is in its group until its parent has asked how it ended.
    while (!this.#files.folders.map((folder) => removeFolder(folder)).every(Boolean) && performance.now() < end) {
      await after(lookMs);
    }
  }

  #write({ limit, file, value, optional }: LimitWrite): void {
    if (optional === true && !existsSync(file)) return;
    try {
      writePseudo(file, value);
    } catch (error) {
      throw new SandboxError('SANDBOX_LIMIT_REFUSED', { limit, value, file, reason: String(error) }, { cause: error });
    }
  }
}

/** Another host may be removing the same leftover. */
function writeUnlessGone(file: string, value: string): void {
  try {
    writePseudo(file, value);
  } catch (error) {
    if (existsSync(file)) throw error;
  }
}

function killOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
