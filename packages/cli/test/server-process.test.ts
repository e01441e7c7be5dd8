import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { answering, makeFolder, writePlugin, writeSource } from './plugin-folder.ts';
import { startProcess } from './server-process.ts';

let folder: string;
let greeter: string;

beforeEach(async () => {
  folder = await makeFolder('process');
  greeter = await writePlugin(join(folder, 'plugins'), { name: 'greeter', start: answering('/hello', 'one') });
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** Tells itself to stop as soon as it has written its address: nobody else could be quicker. */
const stopsWhenItListens = `data:text/javascript,${encodeURIComponent(`
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = (text, ...rest) => {
  const isTaken = write(text, ...rest);
  if (String(text).includes('listening')) process.kill(process.pid, 'SIGTERM');
  return isTaken;
};`)}`;

const run = (...more: readonly string[]) => startProcess(folder, ['run', 'plugins', '--bind', '127.0.0.1:0', ...more]);

describe('hotswap run', () => {
  test('serves a folder, says where, and what to try next', async () => {
    await using server = run();
    const url = await server.listening();
    expect(await (await fetch(`${url}/hello`)).text()).toBe('one');
    await server.says(/^try next:/m);
    expect(server.out()).toContain(`curl ${url}/hello`);
    expect(server.out()).toContain('allowUnsigned');
    expect(await server.stop('SIGTERM')).toBe(0);
  });

  test.each([[[]], [['--json']]])('closes in order when it is stopped as soon as it says where: %j', async (more) => {
    const args = ['run', 'plugins', '--bind', '127.0.0.1:0', ...more];
    await using server = startProcess(folder, args, ['--import', stopsWhenItListens]);
    expect(await server.exit()).toBe(0);
    expect(server.out()).toContain('listening');
  });

  test('shows its token at the first start and never again', async () => {
    await using first = run();
    await first.listening();
    const token = /^management token: (\S{20,})$/m.exec(await first.says(/^try next:/m))?.[1];
    expect(token).toBeDefined();
    await first.stop('SIGINT');
    await using second = run();
    await second.listening();
    await second.says(/^try next:/m);
    expect(second.out()).not.toContain('management token');
    expect(second.out() + second.err()).not.toContain(token);
  });

  test('swaps what is saved, and shows an error with its place while the old version serves', async () => {
    await using server = run();
    const url = await server.listening();
    await writeSource(greeter, answering('/hello', 'two'));
    await server.says(/^swapped greeter: generation 1 -> 2 in [\d.]+ ms$/m);
    expect(await (await fetch(`${url}/hello`)).text()).toBe('two');

    await writeSource(greeter, 'const = 3;');
    await server.says(/^kept greeter: generation 2 goes on serving/m);
    await server.says(/src\/index\.ts:4:\d+.*\n.*4 \| +const = 3;\n.*\^/);
    expect(await (await fetch(`${url}/hello`)).text()).toBe('two');

    await writeSource(greeter, answering('/hello', 'four'));
    await server.says(/^swapped greeter: generation 2 -> \d/m);
    expect(await (await fetch(`${url}/hello`)).text()).toBe('four');
  });

  test('takes plugins that come and lets go of those that leave', async () => {
    await using server = run();
    const url = await server.listening();
    const geo = await writePlugin(join(folder, 'plugins'), { name: 'geo', start: answering('/geo', 'here') });
    await server.says(/^loaded geo: generation 1 serves/m);
    expect(await (await fetch(`${url}/geo`)).text()).toBe('here');
    await rm(geo, { recursive: true });
    await server.says(/^unloaded geo/m);
    expect((await fetch(`${url}/geo`)).status).toBe(404);
  });

  test('finishes a request that has begun before it ends', async () => {
    const slow = `ctx.http.get('/slow', async () => { await ctx.clock.sleep(700); return new Response('finished'); });`;
    await writeSource(greeter, slow);
    await using server = run();
    const url = await server.listening();
    const answer = fetch(`${url}/slow`).then((response) => response.text());
    const status = async () => (await fetch(`${url}/plugins/status`)).text();
    await expect.poll(status, { timeout: 5_000 }).toContain('"active_requests":1');
    const stopped = server.stop('SIGTERM');
    expect(await answer).toBe('finished');
    expect(await stopped).toBe(0);
  });

  test('starts with a plugin that does not build, shows why, and takes it when it is mended', async () => {
    await writeSource(greeter, 'const = 1;');
    await using server = run();
    const url = await server.listening();
    await server.says(/greeter \(failed\)/);
    await server.says(/src\/index\.ts:4:\d+/);
    await writeSource(greeter, answering('/hello', 'mended'));
    await server.says(/^loaded greeter/m);
    expect(await (await fetch(`${url}/hello`)).text()).toBe('mended');
  });
});

describe('hotswap plugin dev', () => {
  test('runs the one plugin it is given', async () => {
    await writePlugin(join(folder, 'plugins'), { name: 'geo', start: answering('/geo', 'here') });
    await using server = startProcess(folder, ['plugin', 'dev', 'plugins/greeter', '--bind', '127.0.0.1:0']);
    const url = await server.listening();
    expect(await (await fetch(`${url}/hello`)).text()).toBe('one');
    expect((await fetch(`${url}/geo`)).status).toBe(404);
    await writeSource(greeter, answering('/hello', 'two'));
    await server.says(/^swapped greeter/m);
  });
});

describe('hotswap serve', () => {
  const serve = () => startProcess(folder, ['serve']);
  const settings = (more: string) => `[server]\nbind = "127.0.0.1:0"\n[plugins]\ndebounce = "20ms"\n${more}`;
  const allowed = '[plugins.security]\nallowUnsigned = true\n';
  const withGreeting = (text: string) => settings(`${allowed}[plugins.greeter]\nconfig.greeting = "${text}"\n`);

  test('refuses code that nobody has vouched for, and says who could', async () => {
    await writeFile(join(folder, 'hotswap.toml'), settings(''));
    await using server = serve();
    const url = await server.listening();
    expect((await fetch(`${url}/hello`)).status).toBe(404);
    expect(server.err()).toContain('SIGNATURE_MISSING');
    expect(server.out()).toContain('nobody is trusted to sign plugins');
    expect(await server.stop('SIGTERM')).toBe(0);
  });

  test('follows its config file, and keeps the config in force when the file is wrong', async () => {
    await writeSource(greeter, "ctx.http.get('/hello', () => new Response(ctx.config.greeting));");
    await writeFile(join(folder, 'hotswap.toml'), withGreeting('one'));
    await using server = serve();
    const url = await server.listening();
    const hello = async () => (await fetch(`${url}/hello`)).text();
    expect(await hello()).toBe('one');
    await writeFile(join(folder, 'hotswap.toml'), withGreeting('two'));
    await expect.poll(hello, { timeout: 5_000 }).toBe('two');
    await writeFile(join(folder, 'hotswap.toml'), '[server\n');
    await expect.poll(() => server.err(), { timeout: 5_000 }).toContain('CONFIG_SYNTAX');
    expect(await hello()).toBe('two');
    expect(await server.stop('SIGTERM')).toBe(0);
  });

  test('answers management on its own address when it is given one', async () => {
    const own = '[server]\nbind = "127.0.0.1:0"\n[server.management]\nbind = "127.0.0.1:0"\n';
    await writeFile(join(folder, 'hotswap.toml'), `${own}${allowed}`);
    await using server = serve();
    const url = await server.listening();
    const management = /^management on (http:\S+)$/m.exec(await server.says(/^management on /m))?.[1];
    expect((await fetch(`${management}/plugins/list`)).status).toBe(200);
    expect((await fetch(`${url}/plugins/list`)).status).toBe(404);
  });

  test('says which address is taken', async () => {
    await writeFile(join(folder, 'hotswap.toml'), settings(allowed));
    await using first = serve();
    const { host } = new URL(await first.listening());
    await using second = startProcess(folder, ['serve', '--bind', host, '--data', 'other']);
    expect(await second.exit()).toBe(5);
    expect(second.err()).toContain('PORT_IN_USE');
  });

  test('says which config file is missing', async () => {
    await using server = serve();
    expect(await server.exit()).toBe(4);
    expect(server.err()).toContain('hotswap run DIR');
  });
});
