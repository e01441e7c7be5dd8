import { once } from 'node:events';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSandbox, layerNames, type Sandbox } from '@hotswap/sandbox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { finish, processesOf, Scripts, uidOf } from './confined-script.ts';

const isAble = process.platform === 'linux' && process.getuid?.() === 0;
const title = `a confined process${isAble ? '' : ' (skipped: needs Linux and root)'}`;

describe.skipIf(!isAble && process.env['CI'] !== 'true')(title, () => {
  let sandbox: Sandbox;
  let scripts: Scripts;
  /** So that what stands outside Node can be seen. */
  const outside = { without: ['permission-model', 'guard'] } as const;

  beforeAll(async () => {
    sandbox = await createSandbox();
    scripts = await Scripts.create(sandbox);
  });
  afterAll(() => scripts.remove());

  it('stands behind every layer of this host, each found by using it', () => {
    expect(sandbox.report.map(({ layer }) => layer)).toEqual(layerNames);
    expect(sandbox.report.filter(({ status }) => status !== 'used')).toEqual([]);
  });

  it('sees a file tree, processes and a network of its own', async () => {
    const seen = await scripts.look<Record<string, unknown>>(
      `{
        root: fs.readdirSync('/'),
        devices: fs.readdirSync('/dev'),
        processes: fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).length,
        networks: fs.readFileSync('/proc/net/dev', 'utf8').match(/\\w+(?=:)/g),
        uid: process.getuid(),
        openings: attempt(() => fs.readFileSync('/proc/1/environ', 'latin1')),
        writing: ['/x', '/dev/x', '/proc/x', __filename].map((file) => attempt(() => fs.writeFileSync(file, ''))),
      }`,
      outside,
    );
    expect(seen).toMatchObject({ processes: 2, uid: 65534 });
    expect(seen['root']).not.toContain('etc');
    expect(seen['root']).not.toContain('home');
    expect(seen['devices']).toEqual(['full', 'null', 'random', 'urandom', 'zero']);
    expect(seen['networks']).toEqual(['lo']);
    expect(seen['writing']).toEqual(['EROFS', 'EROFS', 'ENOENT', 'EROFS']);
  });

  it('gets nothing from the environment of its host', async () => {
    expect(Object.keys(await scripts.look<object>('process.env')).toSorted()).toEqual([
      'HOME',
      'LANG',
      'PATH',
      'PWD',
      'TMPDIR',
    ]);
    const environment = { TOKEN: 'for you alone' };
    expect(await scripts.look('process.env', { environment })).toEqual({ TOKEN: 'for you alone', PWD: '/tmp' });
  });

  it('gets its environment in a way that other users of the host cannot read', async () => {
    const confined = await scripts.launch(`require('node:net').Socket({ fd: 3 }).resume()`, {
      environment: { TOKEN: 'for you alone' },
    });
    expect(await readFile(`/proc/${confined.pid}/cmdline`, 'utf8')).not.toContain('for you alone');
    await confined.kill();
  });

  it('runs as a user of its own, another one each time', async () => {
    const pair = await Promise.all([
      scripts.launch('setInterval(() => {}, 1e6)'),
      scripts.launch('setInterval(() => {}, 1e6)'),
    ]);
    const uids = await Promise.all(pair.map(({ pid }) => uidOf(pid)));
    expect(new Set(uids).size).toBe(2);
    expect(uids.every((uid) => uid >= 0x7000_0000)).toBe(true);
    await Promise.all(pair.map((each) => each.kill()));
  });

  it('has limits of the kernel', async () => {
    const limits = await scripts.look<string>(`fs.readFileSync('/proc/self/limits', 'utf8')`, {
      ...outside,
      limits: { openFiles: 123, processes: 40, cpuSeconds: 9, diskMB: 7 },
    });
    expect(limits).toMatch(/Max open files\s+123\s+123/);
    expect(limits).toMatch(/Max processes\s+42\s+42/);
    expect(limits).toMatch(/Max cpu time\s+9\s+10/);
    expect(limits).toMatch(/Max file size\s+7340032\s+7340032/);
    expect(limits).toMatch(/Max core file size\s+0\s+0/);
  });

  it('holds no descriptor of its host but its streams and its channel', async () => {
    const links = await scripts.look<string[]>(
      `fs.readdirSync('/proc/self/fd').map((name) => attempt(() => fs.readlinkSync('/proc/self/fd/' + name)))`,
      outside,
    );
    expect(links.filter((link) => link.startsWith('socket:'))).toHaveLength(3);
    expect(links.filter((link) => link.startsWith('/') && link !== '/dev/null' && !link.startsWith('/proc/'))).toEqual(
      [],
    );
  });

  it('is refused by Node itself what Node can refuse', async () => {
    expect(
      await scripts.look(`[
        attempt(() => fs.readFileSync('/proc/version')),
        attempt(() => require('node:child_process').spawnSync('/bin/true')),
        attempt(() => new (require('node:worker_threads').Worker)('', { eval: true })),
        attempt(() => require('inspector')),
        attempt(() => process.getBuiltinModule('node:wasi')),
        attempt(() => process.binding('fs')),
        attempt(() => process.dlopen({}, '/x.node')),
        attempt(() => process.kill(1, 0)),
        attempt(() => process.kill(process.pid, 0)),
      ]`),
    ).toEqual([...Array.from({ length: 8 }, () => 'ERR_ACCESS_DENIED'), true]);
  });

  it('has no part of Node that would not ask for permission, in the way that libraries expect', async () => {
    expect(
      await scripts.look(
        `['node:sqlite', 'node:ffi'].map((name) => [attempt(() => require(name)), process.getBuiltinModule(name)])`,
      ),
    ).toEqual([
      ['ERR_UNKNOWN_BUILTIN_MODULE', null],
      ['ERR_UNKNOWN_BUILTIN_MODULE', null],
    ]);
  });

  it('cannot import what is closed either', async () => {
    expect(await scripts.look(`import('node:inspector').catch((error) => error.code)`)).toBe('ERR_ACCESS_DENIED');
  });

  it('loads an addon where that was allowed', async () => {
    const modules = join(import.meta.dirname, '../../../node_modules');
    const look = `attempt(() => require('${modules}/@node-rs/crc32').crc32('hello'))`;
    expect(await scripts.look(look, { read: [modules] })).toMatch(/native binding/);
    expect(await scripts.look(look, { read: [modules], native: true })).toBe(0x36_10_a6_86);
  });

  it('talks over descriptor 3', async () => {
    const confined = await scripts.launch(`
      const channel = new (require('node:net').Socket)({ fd: 3 });
      channel.once('data', (chunk) => channel.end('echo ' + chunk));`);
    confined.channel.write('hello');
    const [answer] = (await once(confined.channel, 'data')) as [Buffer];
    expect(String(answer)).toBe('echo hello');
    expect((await finish(confined)).exit).toMatchObject({ code: 0, cause: 'exit' });
  });

  it('writes its temp folder up to its size', async () => {
    const found = await scripts.look<unknown[]>(
      `[attempt(() => fs.writeFileSync('/tmp/small', Buffer.alloc(1e6))),
        attempt(() => { for (let i = 0; i < 9; i++) fs.writeFileSync('/tmp/' + i, Buffer.alloc(1e6)); })]`,
      { limits: { diskMB: 4 } },
    );
    expect(found).toEqual(['done', 'ENOSPC']);
  });

  it('reads what was named, and writes its work folder, which is given back', async () => {
    const [read, work] = [join(scripts.folder, 'read'), join(scripts.folder, 'work')];
    await Promise.all([mkdir(read), mkdir(join(work, 'deep'), { recursive: true, mode: 0o700 })]);
    await Promise.all([writeFile(join(read, 'a'), 'named'), writeFile(join(work, 'deep/b'), 'old', { mode: 0o600 })]);
    const found = await scripts.look<unknown[]>(
      `[fs.readFileSync('${read}/a', 'utf8'), fs.readFileSync('${work}/deep/b', 'utf8'),
        attempt(() => fs.writeFileSync('${work}/deep/b', 'new')), attempt(() => fs.mkdirSync('${work}/made')),
        attempt(() => fs.writeFileSync('${read}/c', ''))]`,
      { read: [read], work, without: ['permission-model'] },
    );
    expect(found).toEqual(['named', 'old', 'done', 'done', 'EROFS']);
    expect(await readFile(join(work, 'deep/b'), 'utf8')).toBe('new');
    const owners = await Promise.all([work, join(work, 'made'), join(work, 'deep/b')].map((path) => stat(path)));
    expect(owners.map(({ uid }) => uid)).toEqual([0, 0, 0]);
  });

  it('is refused when it could not be shown what was named', async () => {
    await expect(scripts.launch('', { read: [join(scripts.folder, 'nowhere')] })).rejects.toThrow(/no such file/);
    await expect(scripts.launch('', { read: ['relative'] })).rejects.toThrow(/not an absolute path/);
  });

  it('is refused when its program is not there, or its variables would be read as orders', async () => {
    const program = { type: 'node', file: '/nowhere/at-all.cjs' } as const;
    await expect(sandbox.launch({ program })).rejects.toMatchObject({ code: 'SANDBOX_PATH_CLOSED' });
    const environment = { X: 'x\0--bind\0/\0/host' };
    await expect(scripts.launch('', { environment })).rejects.toMatchObject({ code: 'SANDBOX_LAUNCH_FAILED' });
  });

  it('is told apart when layers are left out', async () => {
    const confined = await scripts.launch('', { without: ['cgroup', 'guard'] });
    expect(confined.layers.filter(({ status }) => status === 'off').map(({ layer }) => layer)).toEqual([
      'cgroup',
      'guard',
    ]);
    await confined.exited;
  });

  it('runs with any one layer left out, and the others hold', async () => {
    for (const layer of layerNames) {
      const found = await scripts.look<string>(`attempt(() => fs.readFileSync('/etc/shadow'))`, { without: [layer] });
      expect([layer, ['ENOENT', 'ERR_ACCESS_DENIED'].includes(found)]).toEqual([layer, true]);
    }
  });

  it('may be any program, for which the layers of Node do not count', async () => {
    const confined = await sandbox.launch({
      program: { type: 'executable', file: '/bin/sh', args: ['-c', 'echo $0 $HOME; echo reply >&3', 'it'] },
    });
    const [reply, { stdout, exit }] = await Promise.all([once(confined.channel, 'data'), finish(confined)]);
    expect([stdout, String(reply[0]), exit.code]).toEqual(['it /tmp\n', 'reply\n', 0]);
    const outer = layerNames.filter((layer) => layer !== 'permission-model' && layer !== 'guard');
    expect(confined.layers.map(({ layer, status }) => [layer, status])).toEqual(outer.map((layer) => [layer, 'used']));
  });

  it('leaves no process behind when its program ends before those that it started', async () => {
    const confined = await sandbox.launch({
      program: { type: 'executable', file: '/bin/sh', args: ['-c', 'sleep 1000 & echo started; read line <&3'] },
      read: ['/bin/sleep'],
    });
    await once(confined.stdout, 'data');
    const uid = await uidOf(confined.pid);
    expect((await processesOf(uid)).length).toBeGreaterThan(2);
    confined.channel.end('go\n');
    expect(await confined.exited).toMatchObject({ code: 0, cause: 'exit' });
    expect(await processesOf(uid)).toEqual([]);
  });

  it('cannot be launched when nobody waits for it any more', async () => {
    await expect(scripts.launch('', {}, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
    const controller = new AbortController();
    const launching = scripts.launch('setInterval(() => {}, 1e6)', {}, controller.signal);
    controller.abort(new Error('never mind'));
    await expect(launching).rejects.toThrow('never mind');
  });
});
