import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LayerState } from '@hotswap/sandbox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeOpenFolder } from './confined-script.ts';
import { HostProcess } from './host-process.ts';

const isLinux = process.platform === 'linux';
const isRoot = process.getuid?.() === 0;
const mustRun = process.env['CI'] === 'true';

const missing = (states: readonly LayerState[] = []): readonly string[] =>
  states.filter(({ status }) => status === 'missing').map(({ layer }) => layer);

describe.skipIf(!isLinux && !mustRun)(`a host that lacks layers${isLinux ? '' : ' (skipped: needs Linux)'}`, () => {
  let folder: string;
  let script: string;
  /** Has Node and what the launch uses, but not bwrap. */
  let withoutBubblewrap: string;

  beforeAll(async () => {
    folder = await makeOpenFolder();
    script = join(folder, 'look.cjs');
    await writeFile(
      script,
      `const attempt = (act) => { try { act(); return 'done'; } catch (error) { return error.code; } };
      console.log(JSON.stringify({ uid: process.getuid(), environment: Object.keys(process.env),
        read: attempt(() => require('node:fs').readFileSync('/etc/passwd')),
        temp: attempt(() => require('node:fs').writeFileSync(process.env.TMPDIR + '/x', 'x')) }));`,
    );
    withoutBubblewrap = join(folder, 'bin');
    await mkdir(withoutBubblewrap);
    await symlink('/usr/bin/setpriv', join(withoutBubblewrap, 'setpriv'));
    await symlink('/usr/bin/ldd', join(withoutBubblewrap, 'ldd'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('says which, why, what that means and what to do', async () => {
    const { report = [] } = await new HostProcess({ path: withoutBubblewrap }).next();
    expect(missing(report)).toEqual(expect.arrayContaining(['temp-folder', 'namespaces', 'seccomp']));
    for (const state of report.filter(({ status }) => status === 'missing')) {
      expect(state).toMatchObject({ error: /./, consequence: /./, advice: /./ });
    }
    expect(report.find(({ layer }) => layer === 'namespaces')?.error).toBe('bwrap is not on the PATH');
  });

  it('launches nothing that it was not told to', async () => {
    const host = new HostProcess({ path: withoutBubblewrap, script, allowMissing: ['user', 'cgroup', 'namespaces'] });
    await host.next();
    const { error } = await host.next();
    expect(error).toMatchObject({ code: 'SANDBOX_LAYER_MISSING', details: { layers: 'temp-folder, seccomp' } });
  });

  it('launches with what it has when it is told to', async () => {
    const allowMissing = ['user', 'cgroup', 'temp-folder', 'namespaces', 'seccomp'] as const;
    const host = new HostProcess({ path: withoutBubblewrap, script, allowMissing });
    await host.next();
    const { stdout = '', layers } = await host.next();
    const seen = JSON.parse(stdout) as Record<string, unknown>;
    expect(seen).toMatchObject({
      environment: ['PATH', 'HOME', 'TMPDIR', 'LANG'],
      read: 'ERR_ACCESS_DENIED',
      temp: 'done',
    });
    if (isRoot) expect(seen['uid']).toBeGreaterThanOrEqual(0x7000_0000);
    expect(missing(layers)).toEqual(expect.arrayContaining(['temp-folder', 'namespaces', 'seccomp']));
    expect(await host.next()).toMatchObject({ exit: { cause: 'exit', code: 0 } });
  });

  it('cannot give another user, nor groups, as an ordinary user; everything else stands', async () => {
    const host = new HostProcess({ script, allowMissing: ['user', 'cgroup'], isOrdinaryUser: isRoot });
    const { report } = await host.next();
    expect(['user', 'cgroup']).toEqual(expect.arrayContaining([...missing(report)]));
    expect(missing(report)).toContain('user');
    const { stdout = '' } = await host.next();
    expect(JSON.parse(stdout)).toMatchObject({ uid: 65_534, read: 'ERR_ACCESS_DENIED', temp: 'done' });
    expect(await host.next()).toMatchObject({ exit: { cause: 'exit', code: 0 } });
  });

  it('has layers that each hold as an ordinary user too', async () => {
    const { report = [] } = await new HostProcess({ isOrdinaryUser: isRoot }).next();
    const used = report.filter(({ status }) => status === 'used').map(({ layer }) => layer);
    expect(used).toEqual(
      expect.arrayContaining([
        'environment',
        'temp-folder',
        'rlimits',
        'namespaces',
        'seccomp',
        'permission-model',
        'guard',
      ]),
    );
  });
});
