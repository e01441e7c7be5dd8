import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { ContainerEngine, type ContainerLaunchOptions } from '@hotswap/sandbox';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPrograms, openChannel, runConfined } from './confined.ts';
import { describeEngines, type TestEngine } from './engines.ts';

/** Prints what it finds as one line of JSON, then ends. */
const reporting = (facts: string): string => `${openChannel}
const fs = require('node:fs');
const attempt = (work) => { try { return String(work() ?? 'done'); } catch (error) { return error.code ?? error.message; } };
Promise.resolve((async () => (${facts}))()).then((found) => {
  process.stdout.write(JSON.stringify(found));
  channel.end();
  channel.on('close', () => process.exit(0)).resume();
});
`;

describeEngines('a container', (start) => {
  let engine: TestEngine;
  let containers: ContainerEngine;
  let programs: Awaited<ReturnType<typeof createPrograms>>;

  beforeAll(async () => {
    programs = await createPrograms();
    engine = await start();
    containers = new ContainerEngine({ command: engine.command, mounts: [{ source: programs.folder }] });
    await (await containers.images()).base();
  }, 120_000);
  afterAll(async () => {
    await containers.close();
    await engine.close();
    await programs.remove();
  }, 60_000);

  const find = async (
    facts: string,
    options: Partial<ContainerLaunchOptions> = {},
  ): Promise<Record<string, unknown>> => {
    const file = await programs.write(reporting(facts));
    const { stdout, stderr, exit } = await runConfined(containers, {
      program: { type: 'node', file },
      without: ['permission-model', 'guard'],
      ...options,
    });
    expect([exit.detail, stderr]).toEqual(['it exited with code 0', expect.any(String)]);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const names = async (): Promise<string> => (await engine.run('ps', '--all', '--format', '{{.Names}}')).trim();

  it('is held to everything that was asked for, as found by trying it', async () => {
    const { kind, layers } = await containers.report();
    expect(kind).toBe(engine.name);
    expect(layers.filter(({ status }) => status !== 'used')).toEqual([]);
    expect(layers.map(({ layer }) => layer)).toEqual([
      'user',
      'temp-folder',
      'rlimits',
      'cgroup',
      'namespaces',
      'seccomp',
    ]);
  });

  it('has no rights, no network, no files of the host and nothing to write to but its temp folder', async () => {
    const found = await find(
      `{
      uid: process.getuid(),
      capabilities: /CapBnd:\\s*(\\S+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1],
      networks: fs.readdirSync('/sys/class/net'),
      passwords: attempt(() => fs.readFileSync('/etc/shadow')),
      engine: attempt(() => fs.readdirSync('/var/run')),
      root: attempt(() => fs.writeFileSync('/x', '')),
      run: attempt(() => fs.writeFileSync('/run/x', '')),
      shared: attempt(() => fs.writeFileSync('/dev/shm/x', '')),
      temp: attempt(() => fs.writeFileSync('/tmp/x', '')),
      full: attempt(() => fs.writeFileSync('/tmp/y', Buffer.alloc(9e6))),
      run2: attempt(() => { fs.copyFileSync(process.execPath, '/tmp/node'); }),
      dialled: await new Promise((resolve) => net.connect(53, '1.1.1.1').on('error', (e) => resolve(e.code)).on('connect', () => resolve('connected'))),
    }`,
      { limits: { diskMB: 8 } },
    );
    expect(found['uid']).toBeGreaterThan(1_000);
    expect(found).toMatchObject({
      capabilities: '0000000000000000',
      networks: ['lo'],
      passwords: 'ENOENT',
      root: 'EROFS',
      temp: 'done',
      full: 'ENOSPC',
      run2: 'ENOSPC',
      dialled: 'ENETUNREACH',
    });
    for (const closed of ['run', 'shared']) expect(['EROFS', 'EACCES', 'ENOENT']).toContain(found[closed]);
    expect(found['engine']).not.toContain('sock');
  });

  it('is asked for no system call that is not on the list', async () => {
    const found = await find(`{
      seccomp: /Seccomp:\\s*(\\d)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1],
      privileges: /NoNewPrivs:\\s*(\\d)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1],
    }`);
    expect(found).toEqual({ seccomp: '2', privileges: '1' });
  });

  it('has the permission model and the guard inside, unless they are left out', async () => {
    const facts = `{
      read: attempt(() => fs.readFileSync('/usr/bin/node').length),
      spawn: attempt(() => require('node:child_process').spawnSync('/usr/bin/node', ['-v'])),
      sqlite: attempt(() => require('node:sqlite')),
    }`;
    const refused = 'ERR_ACCESS_DENIED';
    expect(await find(facts, { without: [] })).toMatchObject({ read: refused, spawn: refused });
    expect(Number((await find(facts))['read'])).toBeGreaterThan(1e6);
  });

  it('starts no more processes and threads than it may', async () => {
    const found = await find(
      `(() => {
        const { spawn } = require('node:child_process');
        const all = Array.from({ length: 40 }, () => spawn('/usr/bin/node', ['-e', 'setTimeout(() => {}, 1e4)']));
        return Promise.all(all.map((one) => new Promise((resolve) => one.on('error', (e) => resolve(e.code)).on('spawn', () => resolve('spawned')))))
          .then((outcomes) => ({ spawned: outcomes.filter((one) => one === 'spawned').length, refused: outcomes.filter((one) => one === 'EAGAIN').length }));
      })()`,
      { limits: { processes: 24 } },
    );
    expect(found['spawned']).toBeLessThan(24);
    expect(found['refused']).toBeGreaterThan(0);
  });

  it('is ended when it needs more memory than it may, and that is told', async () => {
    const file = await programs.write(`${openChannel}const all = [];
      channel.write('up', () => { for (;;) all.push(Buffer.alloc(1e7, 1)); });`);
    const { exit } = await runConfined(containers, { program: { type: 'node', file }, limits: { memoryMB: 80 } });
    expect(exit).toMatchObject({ cause: 'memory', signal: 'SIGKILL', code: null });
  });

  it('ends with its channel, tells how, and leaves nothing', async () => {
    const file = await programs.write(
      `${openChannel}channel.write('up');channel.on('end', () => process.exit(7)).resume();`,
    );
    const confined = await containers.launch({ program: { type: 'node', file } });
    await once(confined.channel, 'data');
    expect(await names()).not.toBe('');
    confined.channel.end();
    expect(await confined.exited).toMatchObject({ cause: 'exit', code: 7 });
    expect(await names()).toBe('');
  });

  it('tells what it uses, and can be killed', async () => {
    const file = await programs.write(`${openChannel}channel.write('up');setInterval(() => {}, 1e6);`);
    const confined = await containers.launch({ program: { type: 'node', file } });
    await once(confined.channel, 'data');
    await confined.limit({ memoryMB: 300, cpuPercent: 50 });
    const { memoryBytes = 0, cpuMs = 0, processes = 0 } = await confined.usage();
    expect([memoryBytes > 1e6, cpuMs > 1, processes > 1]).toEqual([true, true, true]);
    expect(await confined.kill()).toMatchObject({ cause: 'killed' });
    expect(await names()).toBe('');
  });

  it('says why it did not start', async () => {
    const started = containers.launch({ program: { type: 'executable', file: '/nowhere/at/all' } });
    const detail = await started.then(
      async (confined) => (await confined.exited).detail,
      (error: Error) => error.message,
    );
    expect(detail).toContain('/nowhere/at/all');
  });

  it('sees what the operator lists, for reading, and is refused the rest', async () => {
    const { folder } = programs;
    const file = await programs.write(
      reporting(`{
      listed: attempt(() => fs.readdirSync(${JSON.stringify(folder)}).length > 0),
      written: attempt(() => fs.writeFileSync(${JSON.stringify(`${folder}/x`)}, '')),
    }`),
    );
    const program = { type: 'node', file } as const;
    const { stdout } = await runConfined(containers, { program, read: [folder], without: ['permission-model'] });
    expect(JSON.parse(stdout)).toEqual({ listed: 'true', written: 'EROFS' });
    expect(await readdir(folder)).not.toContain('x');
    for (const source of [
      '/etc',
      '/proc',
      engine.command.join(' ').includes('unix://') ? engine.command[2]!.slice(7) : '/run',
    ]) {
      await expect(containers.launch({ program, read: [source] })).rejects.toMatchObject({
        code: 'CONTAINER_MOUNT_REFUSED',
      });
    }
    await expect(containers.launch({ program, work: folder })).rejects.toMatchObject({
      code: 'CONTAINER_MOUNT_REFUSED',
    });
  });
});
