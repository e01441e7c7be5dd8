import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { SandboxError } from '../../errors.ts';
import type { Cgroup, CgroupDriver, GroupLimits, GroupUsage } from '../cgroup.ts';
import { newGroupName, type HostIdentity, isLeftOver } from '../group-name.ts';
import { FileCgroup } from './file-cgroup.ts';
import { bytesOf } from './group-files.ts';
import { v2Files } from './v2-files.ts';

const answerMs = 5_000;

/** Asks systemd. Replaced in tests by a double, where no systemd runs. */
export type Systemctl = (args: readonly string[]) => Promise<string>;

/**
 * One scope of systemd for each group: it makes the group, starts the command in it and removes it after the last
 * process; between those, the group's own files are read.
 * @param mount Where version 2 is mounted.
 */
export function systemdDriver(
  mount: string,
  host: HostIdentity,
  manager: 'system' | 'user',
  systemctl: Systemctl = systemctlOf(manager),
): CgroupDriver {
  return {
    how: 'systemd scope',
    create: async (name, limits) =>
      new SystemdScope(`${newGroupName(host, name)}.scope`, { mount, manager, systemctl, limits }),
    async removeLeftovers() {
      const list = await systemctl(['list-units', '--type=scope', '--all', '--plain', '--no-legend', 'hotswap-*']);
      const units = list.split('\n').map((line) => line.trim().split(/\s+/)[0] ?? '');
      const left = units.filter((unit) => isLeftOver(unit));
      await Promise.all(left.map((unit) => endUnit(systemctl, unit)));
      return left.length;
    },
  };
}

interface ScopeOptions {
  readonly mount: string;
  readonly manager: 'system' | 'user';
  readonly systemctl: Systemctl;
  readonly limits: GroupLimits;
}

class SystemdScope implements Cgroup {
  readonly enter: readonly string[];
  readonly #unit: string;
  readonly #options: ScopeOptions;
  #files: FileCgroup | undefined;
  #wasOutOfMemory = false;

  constructor(unit: string, options: ScopeOptions) {
    this.#unit = unit;
    this.#options = options;
    const properties = ['MemoryAccounting=yes', 'CPUAccounting=yes', 'TasksAccounting=yes', 'IOAccounting=yes'];
    this.enter = [
      'systemd-run',
      `--${options.manager}`,
      '--scope',
      '--quiet',
      `--unit=${unit}`,
      ...[...properties, ...scopeProperties(options.limits)].flatMap((property) => ['-p', property]),
      '--',
    ];
  }

  started(): void {
    // systemd knows the scope by its name.
  }

  async limit(limits: GroupLimits): Promise<void> {
    try {
      await this.#options.systemctl(['set-property', '--runtime', this.#unit, ...scopeProperties(limits)]);
    } catch (error) {
      const details = { limit: Object.keys(limits).join(', '), value: Object.values(limits).join(', ') };
      throw new SandboxError('SANDBOX_LIMIT_REFUSED', { ...details, reason: String(error) }, { cause: error });
    }
  }

  async processes(): Promise<readonly number[]> {
    return (await this.#found())?.processes() ?? [];
  }

  async usage(): Promise<GroupUsage> {
    const files = await this.#found();
    // The group is gone with its last process, so what it knows of its memory is kept from here.
    this.#wasOutOfMemory ||= (await files?.wasOutOfMemory()) ?? false;
    return (await files?.usage()) ?? {};
  }

  async wasOutOfMemory(): Promise<boolean> {
    if (this.#wasOutOfMemory || (await (await this.#found())?.wasOutOfMemory()) === true) return true;
    return (await this.#ask('Result')) === 'oom-kill';
  }

  async kill(): Promise<void> {
    await (await this.#found())?.kill();
  }

  async remove(): Promise<void> {
    await endUnit(this.#options.systemctl, this.#unit);
  }

  /** The files of the scope's group, as soon as systemd has made it. */
  async #found(): Promise<FileCgroup | undefined> {
    if (this.#files !== undefined) return this.#files;
    const path = await this.#ask('ControlGroup');
    if (path !== '') this.#files = new FileCgroup(v2Files(join(this.#options.mount, path)));
    return this.#files;
  }

  async #ask(property: string): Promise<string> {
    const answer = await this.#options.systemctl(['show', `--property=${property}`, '--value', this.#unit]);
    return answer.trim();
  }
}

/** The limits in the words of systemd.resource-control(5). */
function scopeProperties({ memoryMB, cpuPercent, processes }: GroupLimits): string[] {
  return [
    ...(memoryMB === undefined ? [] : [`MemoryMax=${bytesOf(memoryMB)}`, 'MemorySwapMax=0']),
    ...(cpuPercent === undefined ? [] : [`CPUQuota=${cpuPercent}%`]),
    ...(processes === undefined ? [] : [`TasksMax=${processes}`]),
  ];
}

/** Ends a scope and forgets how it ended. A unit that is gone already is no error. */
async function endUnit(systemctl: Systemctl, unit: string): Promise<void> {
  for (const args of [
    ['kill', '--signal=SIGKILL', unit],
    ['stop', unit],
    ['reset-failed', unit],
  ]) {
    await systemctl(args).catch(() => '');
  }
}

function systemctlOf(manager: 'system' | 'user'): Systemctl {
  const run = promisify(execFile);
  return async (args) =>
    (await run('systemctl', [`--${manager}`, '--no-pager', ...args], { timeout: answerMs })).stdout;
}
