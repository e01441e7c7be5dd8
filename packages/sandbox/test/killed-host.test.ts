import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeOpenFolder, processesOf, uidOf } from './confined-script.ts';
import { HostProcess } from './host-process.ts';

const isAble = process.platform === 'linux' && process.getuid?.() === 0;
const title = `a host that is killed${isAble ? '' : ' (skipped: needs Linux and root)'}`;

/** Milliseconds into ten launches that begin one after the other. */
const moments = [4, 9, 17, 28, 45];

/** The processes that have this among their arguments, beside their host. */
function runningWith(argument: string): readonly string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    const command = readPseudo(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
    return command.includes(argument) && !command.includes('host.ts') ? [`${pid}: ${command}`] : [];
  });
}

function readPseudo(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** What hosts keep outside: folders, and groups of processes under version 1 and 2. */
function keptBy(pid: number): readonly string[] {
  const groups = ['/sys/fs/cgroup/memory', '/sys/fs/cgroup/pids', '/sys/fs/cgroup'];
  const own = new RegExp(`^hotswap-.*\\b${pid}-`);
  return [tmpdir(), ...groups].flatMap((folder) => {
    try {
      return readdirSync(folder, { recursive: folder !== tmpdir(), encoding: 'utf8' }).filter((name) =>
        own.test(name.split('/').at(-1) ?? ''),
      );
    } catch {
      return [];
    }
  });
}

describe.skipIf(!isAble && process.env['CI'] !== 'true')(title, () => {
  let folder: string;
  let script: string;
  beforeAll(async () => {
    folder = await makeOpenFolder();
    script = join(folder, 'stay.cjs');
    await writeFile(script, `process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6); console.log('up');`);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('leaves no process behind, and what else it left is removed by the next host', async () => {
    const host = new HostProcess({ script, egress: [] });
    await host.next();
    const { pid = -1 } = await host.next();
    const uid = await uidOf(pid);
    expect((await processesOf(uid)).length).toBe(3);
    const hostPid = host.child.pid ?? -1;
    expect(keptBy(hostPid)).not.toEqual([]);

    host.child.kill('SIGKILL');
    await once(host.child, 'exit');
    await expect.poll(() => processesOf(uid)).toEqual([]);

    const next = new HostProcess({});
    await next.next();
    await once(next.child, 'exit');
    expect(keptBy(hostPid)).toEqual([]);
  });

  it('may also end by itself while a process is confined that it does not wait for', async () => {
    const host = new HostProcess({ script, egress: [], waits: false });
    const ended = once(host.child, 'exit');
    await host.next();
    const { pid = -1 } = await host.next();
    expect(await ended).toEqual([0, null]);
    await expect.poll(() => uidOf(pid).catch(() => 'gone')).toBe('gone');
  });

  it.each([
    ['root', false],
    ['an ordinary user', true],
  ])('leaves no process behind at whatever moment of a launch, as %s', async (_, isOrdinaryUser) => {
    // Each step on the way has the script's name among its arguments, up to the script itself.
    const own = join(folder, `stay-${String(isOrdinaryUser)}.cjs`);
    await writeFile(own, `setInterval(() => {}, 1e6);`);
    const allowMissing = isOrdinaryUser ? (['user', 'cgroup'] as const) : [];
    for (const moment of moments) {
      const host = new HostProcess({ script: own, launches: 10, allowMissing, isOrdinaryUser });
      await host.next();
      await after(moment);
      host.child.kill('SIGKILL');
      await once(host.child, 'exit');
    }
    await expect.poll(() => runningWith(own), { timeout: 2_000 }).toEqual([]);
  });

  it('leaves nothing behind for longer than to the next host when it dies while it launches', async () => {
    const pids: number[] = [];
    for (const _ of Array.from({ length: 5 })) {
      const host = new HostProcess({ script });
      await host.next();
      host.child.kill('SIGKILL');
      await once(host.child, 'exit');
      pids.push(host.child.pid ?? -1);
    }
    const next = new HostProcess({});
    await next.next();
    await once(next.child, 'exit');
    // A group that is gone had no process any more.
    expect(pids.flatMap(keptBy)).toEqual([]);
  });
});
