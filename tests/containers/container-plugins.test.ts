import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { inspect } from 'node:util';
import { createRuntime, type Runtime, type RuntimeOptions } from '@hotswap/runtime';
import { ContainerEngine } from '@hotswap/sandbox';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeEngines, type TestEngine } from '../../packages/sandbox/test/containers/engines.ts';

/** What was told to operators, as one text. */
let told = '';
const note = (...parts: readonly unknown[]): void => {
  told += parts.map((part) => inspect(part)).join(' ');
};
const log = { debug() {}, info: note, warn: note, error: note, child: () => log };

describeEngines('plugins in containers', (start) => {
  let engine: TestEngine;
  let folder: string;
  let runtime: Runtime;
  let tests = 0;

  beforeAll(async () => {
    engine = await start();
    const containers = new ContainerEngine({ command: engine.command });
    await (await containers.images()).base();
    await containers.close();
  }, 120_000);
  afterAll(() => engine.close(), 60_000);
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), `plugins-${++tests}-`))));
  afterEach(async () => {
    await runtime.close();
    expect(await names()).toEqual([]);
    await rm(folder, { recursive: true });
  });

  const names = async (): Promise<readonly string[]> =>
    (await engine.run('ps', '--all', '--format', '{{.Names}}')).split('\n').filter((name) => name !== '');

  const write = async (source: string, manifest: object = {}): Promise<string> => {
    const place = join(folder, 'app');
    await mkdir(place, { recursive: true });
    const hotswap = { isolation: 'container', ...manifest };
    const about = {
      name: 'app',
      version: '1.0.0',
      description: 'a test',
      main: 'index.js',
      engines: { hotswap: '^1.0.0' },
    };
    await writeFile(join(place, 'package.json'), JSON.stringify({ ...about, type: 'module', hotswap }));
    await writeFile(
      join(place, 'index.js'),
      `import { definePlugin } from '@hotswap/sdk';\nexport default definePlugin({ start(ctx) { ${source} } });`,
    );
    return place;
  };
  const run = async (readable: readonly string[] = [], options: RuntimeOptions = {}): Promise<Runtime> => {
    const config = join(folder, 'hotswap.toml');
    await writeFile(
      config,
      `[plugins]\nautoLoad = false\n[plugins.security]\nverifySignatures = false\nmaxMemoryMB = 128\nreadable = ${JSON.stringify(readable)}\n[plugins.security.container]\nengine = ${JSON.stringify(engine.command)}\n`,
    );
    const limits = { probationMs: 0, spares: 0, drainTimeoutMs: 2_000, ...options.limits };
    runtime = createRuntime({
      ...options,
      config,
      data: join(folder, 'data'),
      limits,
      log,
      guardProcess: false,
      environment: {},
    });
    await runtime.start();
    return runtime;
  };
  const get = async (path: string): Promise<string> =>
    (await runtime.fetch(new Request(`http://host.test${path}`))).text();

  it('are swapped twenty times, and leave no container', async () => {
    const place = await write("ctx.http.get('/', () => new Response(String(ctx.generation ?? 'up')));");
    await run();
    expect((await runtime.load(place)).reason).toBeUndefined();
    for (let turn = 0; turn < 20; turn += 1) expect((await runtime.reload('app')).outcome).toBe('swapped');
    expect(await get('/')).not.toBe('');
    await until(async () => (await names()).length === 1);
  }, 120_000);

  it('that need too much memory are ended, told apart from others, and come back', async () => {
    const place = await write(
      "ctx.http.get('/eat', () => { const all = []; for (;;) all.push(Buffer.alloc(1e7, 1)); }); ctx.http.get('/', () => new Response('up'));",
    );
    await run();
    expect((await runtime.load(place)).reason).toBeUndefined();
    expect(await get('/eat')).toContain('ISOLATE_EXITED');
    await until(async () => (await get('/')) === 'up');
    expect(told).toContain('it needed more than 128 MB of memory');
  }, 60_000);

  it('read what they name and the operator lists, in an image that they name', async () => {
    const { digest } = await (await new ContainerEngine({ command: engine.command }).images()).base();
    const words = join(folder, 'words');
    await mkdir(words);
    await writeFile(join(words, 'one.txt'), 'a word');
    const place = await write(
      `ctx.http.get('/', async () => new Response((await import('node:fs')).readFileSync(${JSON.stringify(join(words, 'one.txt'))})));`,
      { image: digest, capabilities: { files: [words] } },
    );
    await run();
    expect((await runtime.load(place)).reason).toMatchObject({
      code: 'PLUGIN_FILES_REFUSED',
      message: expect.stringContaining('plugins.security.readable') as string,
    });
    await runtime.close();
    await rm(join(folder, 'data'), { recursive: true });
    await run([words]);
    expect((await runtime.load(place)).reason).toBeUndefined();
    expect(await get('/')).toBe('a word');
  }, 60_000);

  it('that name an image which nobody has pulled are refused, and it is not pulled', async () => {
    const place = await write("ctx.http.get('/', () => new Response('up'));", { image: 'localhost/nobody-made:this' });
    await run();
    expect((await runtime.load(place)).reason).toMatchObject({
      code: 'CONTAINER_START_FAILED',
      message: expect.stringContaining('localhost/nobody-made:this') as string,
    });
  }, 60_000);

  it('have a spare container ready, which is used once', async () => {
    const place = await write("ctx.http.get('/', () => new Response('up'));");
    await run([], { limits: { spares: 1 } });
    expect((await runtime.load(place)).reason).toBeUndefined();
    await until(async () => (await names()).length === 2);
    expect((await runtime.reload('app')).outcome).toBe('swapped');
    expect(await get('/')).toBe('up');
  }, 60_000);
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let look = 0; look < 200; look += 1) {
    if (await holds()) return;
    await after(50);
  }
  throw new Error('it never came to that');
}
