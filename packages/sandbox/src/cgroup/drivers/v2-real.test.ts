import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

import { expect, it } from 'vitest';

import { thisHost } from '../group-name.ts';
import { parseHierarchies } from '../hierarchies.ts';
import { isWritable, readPseudo } from '../pseudo-files.ts';
import { v2Driver } from './file-drivers.ts';

const { v2 } = parseHierarchies(readPseudo('/proc/self/mountinfo') ?? '', readPseudo('/proc/self/cgroup') ?? '');
const canMake = v2 !== undefined && isWritable(join(v2.own, 'cgroup.procs'));
const because = canMake ? '' : ' (skipped: version 2 is not mounted here, or not for this user)';

// Where version 1 has the controllers, version 2 still has groups, without limits.
it.skipIf(!canMake && process.env['CI'] !== 'true')(
  `processes enter a group of version 2, are told, and are killed at once${because}`,
  async () => {
    const group = await v2Driver(v2!, thisHost()!).create('real', {});
    const [file = '', ...args] = [...group.enter, '/bin/sh', '-c', 'sleep 60 & sleep 60 & echo ready; wait'];
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'exit');
    try {
      await once(child.stdout, 'data');
      expect(await group.processes()).toContain(child.pid);
      expect(await group.processes()).toHaveLength(3);
    } finally {
      await group.kill();
    }
    expect((await ended)[1]).toBe('SIGKILL');
    expect(await group.processes()).toEqual([]);
    const [folder = ''] = group.enter.slice(-1).map((path) => path.replace(/\/cgroup\.procs$/, ''));
    expect(existsSync(folder)).toBe(true);
    await group.remove();
    expect(readdirSync(v2!.own)).not.toContain(basename(folder));
  },
);
