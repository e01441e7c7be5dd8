import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeOpenFolder, processesOf, uidOf } from './confined-script.ts';
import { HostProcess } from './host-process.ts';

const isAble = process.platform === 'linux' && process.getuid?.() === 0;
const title = `a host that is killed${isAble ? '' : ' (skipped: needs Linux and root)'}`;

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

  it('leaves no process behind either when it dies while it launches', async () => {
    const before = new Set(await confinedUsers());
    for (const _ of Array.from({ length: 5 })) {
      const host = new HostProcess({ script });
      await host.next();
      host.child.kill('SIGKILL');
      await once(host.child, 'exit');
    }
    const next = new HostProcess({});
    await next.next();
    await once(next.child, 'exit');
    await expect.poll(async () => (await confinedUsers()).filter((uid) => !before.has(uid))).toEqual([]);
  });
});

/** The users of sandboxes that have processes now. */
async function confinedUsers(): Promise<readonly number[]> {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const uids = await Promise.all(pids.map(async (pid) => await uidOf(Number(pid)).catch(() => 0)));
  return uids.filter((uid) => uid >= 0x7000_0000);
}
