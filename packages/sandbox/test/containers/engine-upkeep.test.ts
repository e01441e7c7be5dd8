import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerEngine } from '@hotswap/sandbox';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPrograms, openChannel, runConfined } from './confined.ts';
import { describeEngines, type TestEngine } from './engines.ts';

describeEngines('the upkeep of containers', (start) => {
  let engine: TestEngine;
  let containers: ContainerEngine;
  let programs: Awaited<ReturnType<typeof createPrograms>>;

  beforeAll(async () => {
    programs = await createPrograms();
    engine = await start();
    containers = new ContainerEngine({ command: engine.command });
    await (await containers.images()).base();
  }, 120_000);
  afterAll(async () => {
    await containers.close();
    await engine.close();
    await programs.remove();
  }, 60_000);

  const names = async (): Promise<string> => (await engine.run('ps', '--all', '--format', '{{.Names}}')).trim();

  it('removes what a host left that was killed, and nothing of one that lives', async () => {
    // It does not even end with its channel.
    const file = await programs.write(
      `${openChannel}channel.write('up');channel.on('error', () => {});setInterval(() => {}, 1e6);`,
    );
    const program = { type: 'node', file } as const;
    const args = [
      '--conditions=@hotswap/source',
      join(import.meta.dirname, '../fixtures/abandoned-host.ts'),
      file,
      ...engine.command,
    ];
    const host = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(host.stdout, 'data');
    const left = await names();
    expect(left).not.toBe('');
    host.kill('SIGKILL');
    await once(host, 'exit');
    expect(await names()).toBe(left);
    const living = await containers.launch({ program });
    await once(living.channel, 'data');
    const next = new ContainerEngine({ command: engine.command });
    await next.images();
    const kept = await names();
    expect(kept).not.toContain(left);
    expect(kept).not.toBe('');
    await living.kill();
    await next.close();
    expect(await names()).toBe('');
    expect((await readdir(tmpdir())).filter((name) => name.includes(String(host.pid)))).toEqual([]);
    expect(
      (await readdir('/sys/fs/cgroup/memory').catch(() => [])).filter((name) => name.startsWith('hotswap-')),
    ).toEqual([]);
  });

  it('makes the base image once, lists it, and removes only those of other Nodes that nobody uses', async () => {
    const store = await containers.images();
    const { digest } = await store.base();
    await expect((await new ContainerEngine({ command: engine.command }).images()).base()).resolves.toMatchObject({
      digest,
    });
    // Images of another Node, of somebody else, and one under two names.
    await engine.run('tag', digest, 'localhost/somebody/else:1');
    const [archive] = [join(programs.folder, 'empty.tar')];
    await writeFile(archive, Buffer.alloc(1_024));
    await engine.run(
      'import',
      '--change',
      `LABEL hotswap.base=${'0'.repeat(64)}`,
      archive,
      'localhost/hotswap/base:old',
    );
    expect((await store.list()).map(({ kind, current }) => [kind, current])).toEqual([
      ['base', false],
      ['base', true],
    ]);
    expect((await store.prune()).map(({ names: all }) => all)).toEqual([['localhost/hotswap/base:old']]);
    expect((await store.list()).map((image) => image.digest)).toEqual([digest]);
    expect(await store.prune()).toEqual([]);
  });

  it('runs what was pinned, also when its name has moved', async () => {
    const store = await containers.images();
    const { digest } = await store.base();
    await engine.run('tag', digest, 'localhost/mine:latest');
    const pinned = await store.pin('localhost/mine:latest');
    expect(pinned).toBe(digest);
    await engine.run('rmi', 'localhost/mine:latest');
    const file = await programs.write(
      `${openChannel}console.log('ran');channel.end();channel.on('close', () => process.exit()).resume();`,
    );
    const { stdout } = await runConfined(containers, { program: { type: 'node', file }, image: pinned });
    expect(stdout).toBe('ran\n');
  });

  it.each(['localhost/not/here:1', 'sha256:'.padEnd(71, '0'), '--privileged', ''])(
    'runs no image %j, which is not there, and pulls none',
    async (image) => {
      const launched = containers.launch({ program: { type: 'node', file: '/nowhere' }, image });
      await expect(launched).rejects.toMatchObject({ code: 'CONTAINER_IMAGE_MISSING' });
    },
  );

  it('refuses an engine that takes limits and does not hold them, unless that is allowed by name', async () => {
    // What podman does for an ordinary user with cgroup v1: it warns, and goes on without.
    const careless = join(programs.folder, 'careless-engine');
    const words = engine.command.map((word) => `'${word}'`).join(' ');
    await writeFile(
      careless,
      `#!/bin/sh\nfor word do shift; case "$word" in --memory=*|--memory-swap=*) echo 'limits of memory are ignored here' >&2;; *) set -- "$@" "$word";; esac; done\nexec ${words} "$@"\n`,
    );
    await chmod(careless, 0o755);
    const file = await programs.write(
      `${openChannel}channel.end();channel.on('close', () => process.exit()).resume();`,
    );
    const program = { type: 'node', file } as const;
    const refusing = new ContainerEngine({ command: [careless] });
    await expect(refusing.launch({ program })).rejects.toMatchObject({
      code: 'CONTAINER_LIMIT_IGNORED',
      message: expect.stringContaining('limits of memory are ignored here') as string,
    });
    expect(
      (await refusing.report()).layers.filter(({ status }) => status === 'missing').map(({ layer }) => layer),
    ).toEqual(['cgroup']);
    await refusing.close();
    const allowing = new ContainerEngine({ command: [careless], allowMissing: ['cgroup'] });
    const confined = await allowing.launch({ program });
    expect(confined.layers.find(({ layer }) => layer === 'cgroup')).toMatchObject({ status: 'missing' });
    await confined.exited;
    await allowing.close();
  });

  it('tells which command of the engine failed, and why a container could not be started', async () => {
    const failing = join(programs.folder, 'failing-engine');
    const words = engine.command.map((word) => `'${word}'`).join(' ');
    const write = async (verb: string): Promise<void> => {
      const refusal = `*" ${verb} "*) echo 'out of order' >&2; exit 1;;`;
      await writeFile(failing, `#!/bin/sh\ncase " $* " in ${refusal} esac\nexec ${words} "$@"\n`);
      await chmod(failing, 0o755);
    };
    const codeOf = async (): Promise<unknown> => {
      const broken = new ContainerEngine({ command: [failing] });
      const error: unknown = await broken.report().catch((reason: unknown) => reason);
      await broken.close();
      return error;
    };
    const message = expect.stringContaining('out of order') as string;
    await write('ps');
    expect(await codeOf()).toMatchObject({ code: 'CONTAINER_ENGINE_FAILED', message });
    await write('run');
    expect(await codeOf()).toMatchObject({ code: 'CONTAINER_LAUNCH_FAILED', message });
  });

  it('leaves out no layer without which it would be no container', async () => {
    const launched = containers.launch({ program: { type: 'node', file: '/nowhere' }, without: ['namespaces'] });
    await expect(launched).rejects.toMatchObject({ code: 'CONTAINER_OPTION_UNKNOWN' });
  });

  it('names an engine that is none', async () => {
    for (const command of [['/nowhere/podman'], ['true'], ['node']] as const) {
      await expect(new ContainerEngine({ command }).images()).rejects.toMatchObject({
        code: 'CONTAINER_ENGINE_MISSING',
      });
    }
  });

  it('lets out what is named, and counts it', async () => {
    const server = createServer((_, response) => response.end('reached')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const file = await programs.write(`${openChannel}
      const { request } = require('node:http');
      const ask = (port) => new Promise((resolve) => request({ host: '127.0.0.1', port }, (response) => response.on('data', (text) => resolve(String(text)))).on('error', (error) => resolve('refused')).end());
      Promise.all([ask(${port}), ask(9)]).then((answers) => { console.log(answers.join()); channel.write('asked'); });
    `);
    const confined = await containers.launch({ program: { type: 'node', file }, egress: [`127.0.0.1:${port}`] });
    const said = once(confined.stdout, 'data');
    await once(confined.channel, 'data');
    expect(String((await said)[0])).toBe('reached,refused\n');
    expect((await confined.usage()).networkReceivedBytes).toBeGreaterThan(0);
    await confined.kill();
    server.close();
  });
});
