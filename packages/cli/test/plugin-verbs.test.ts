import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Server } from '@hotswap/server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommandLine } from '../src/command-line.ts';
import { serveFolder } from './served-folder.ts';
import { captureTerminal } from './captured-terminal.ts';
import { answering, makeFolder, writePlugin, writeSource } from './plugin-folder.ts';

let folder: string;
let server: Server;

beforeAll(async () => {
  folder = await makeFolder('verbs');
  const greeting = { config: { type: 'object', properties: { greeting: { type: 'string', default: 'hello' } } } };
  const start = "ctx.http.get('/hello', () => new Response(ctx.config.greeting));";
  await writePlugin(join(folder, 'plugins'), { name: 'greeter', manifest: greeting, start });
  await writePlugin(join(folder, 'plugins'), { name: 'geo', start: answering('/geo', 'here') });
  const needsGeo = { dependencies: { geo: '^1.0.0' } };
  await writePlugin(join(folder, 'plugins'), { name: 'maps', manifest: needsGeo, start: answering('/maps', 'map') });
  server = await serveFolder(folder, '[plugins]\nwatch = false\nprobation = "300ms"\n');
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function hotswap(
  line: string,
  options: { readonly isTTY?: boolean; readonly env?: Record<string, string> } = {},
) {
  const env = { HOTSWAP_URL: server.url, HOTSWAP_SERVER_DATA: 'data', ...options.env };
  const terminal = captureTerminal({ cwd: folder, env, isTTY: options.isTTY ?? false });
  const exitCode = await runCommandLine(line.split(' '), terminal);
  return {
    exitCode,
    out: terminal.out(),
    err: terminal.err(),
    json: () => JSON.parse(terminal.out() || terminal.err()),
  };
}

async function answerOf(path: string): Promise<string> {
  return (await fetch(server.url + path)).text();
}

describe('looking', () => {
  test('list shows every plugin in a table', async () => {
    const { exitCode, out } = await hotswap('plugin list');
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^NAME +STATE +HEALTH/);
    expect(out).toMatch(/^greeter +active +\w+ +1\.0\.0 +1 +basic +- +- +- +- +0$/m);
  });

  test('list --json is what the server answers', async () => {
    const { plugins, total_count: count } = (await hotswap('plugin list --json')).json();
    expect(count).toBe(3);
    expect(plugins.map(({ name }: { name: string }) => name).toSorted()).toEqual(['geo', 'greeter', 'maps']);
  });

  test('status shows one plugin, also by --name', async () => {
    const { out } = await hotswap('plugin status geo');
    expect(out).toMatch(/^state +active$/m);
    expect(out).toMatch(/^needed by +maps$/m);
    expect(out).toMatch(/GET \/geo/);
    expect((await hotswap('plugin status --name=geo --json')).json()).toMatchObject({ name: 'geo', version: '1.0.0' });
  });

  test('status without a name shows the server and what its operator must know', async () => {
    const { out } = await hotswap('plugin status');
    expect(out).toMatch(/^plugins +3 of 3 active$/m);
    expect(out).toContain('allowUnsigned');
  });

  test('config shows the config in force', async () => {
    expect(JSON.parse((await hotswap('plugin config greeter')).out)).toEqual({ enabled: true, greeting: 'hello' });
  });

  test('plan shows what would change, and changes nothing', async () => {
    const { out } = await hotswap('plugin plan unload geo --cascade');
    expect(out).toMatch(/unload +maps/);
    expect(await answerOf('/maps')).toBe('map');
    const refused = await hotswap('plugin plan unload geo --json');
    expect(refused.exitCode).toBe(5);
    expect(refused.json().problems[0].code).toBe('PLUGIN_HAS_DEPENDENTS');
    expect((await hotswap('plugin plan destroy geo')).exitCode).toBe(2);
  });
});

describe('changing', () => {
  test('reload makes a new generation and shows its steps', async () => {
    const { exitCode, out, err } = await hotswap('plugin reload greeter');
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^swapped greeter: generation \d+ -> \d+ in [\d.]+ m?s$/m);
    expect(out).toMatch(/^ +publish +[\d.]+ ms$/m);
    expect(err).toBe('reloading greeter ...\n');
  });

  test('a terminal gets one line of progress that is gone in the end', async () => {
    const { err } = await hotswap('plugin reload greeter', { isTTY: true });
    expect(err).toBe('\r\u001b[2Kreloading greeter ...\r\u001b[2K');
  });

  test('swap --watch stays until the new version has kept its place', async () => {
    const next = { name: 'greeter', version: '2.0.0', start: answering('/hello', 'two') };
    const source = await writePlugin(join(folder, 'next'), next);
    const { exitCode, out } = await hotswap(`plugin swap greeter ${source} --watch`);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^swapped greeter/);
    expect(out).toContain('kept after its probation');
    expect(await answerOf('/hello')).toBe('two');
  });

  test('rollback goes back to the version before', async () => {
    const { exitCode, out } = await hotswap('plugin rollback --name=greeter --json');
    expect({ exitCode, out }).toMatchObject({ exitCode: 0 });
    expect(await answerOf('/hello')).toBe('hello');
  });

  test('a version that does not build is refused, and the one before goes on', async () => {
    const source = await writePlugin(join(folder, 'broken'), { name: 'greeter', start: 'const = 1;' });
    const { exitCode, err } = await hotswap(`plugin swap greeter ${source}`);
    expect(exitCode).toBe(8);
    expect(err).toContain('BUILD_FAILED');
    expect(err).toMatch(/src\/index\.ts:4:\d+/);
    expect(await answerOf('/hello')).toBe('hello');
  });

  test('config --set replaces the config', async () => {
    await writeFile(join(folder, 'greeter.toml'), 'greeting = "good day"\n');
    expect((await hotswap('plugin config greeter --set greeter.toml')).exitCode).toBe(0);
    expect(await answerOf('/hello')).toBe('good day');
    await writeFile(join(folder, 'greeter.toml'), 'greeting = 5\n');
    const refused = await hotswap('plugin config greeter --set greeter.toml');
    expect(refused.exitCode).toBe(2);
    expect(refused.err).toContain('CONFIG_REJECTED');
  });

  test('disable stops a plugin, enable brings it back', async () => {
    expect((await hotswap('plugin disable greeter')).exitCode).toBe(0);
    expect((await fetch(`${server.url}/hello`)).status).toBe(404);
    expect((await hotswap('plugin restart greeter')).exitCode).toBe(5);
    expect((await hotswap('plugin enable greeter')).exitCode).toBe(0);
    expect((await fetch(`${server.url}/hello`)).status).toBe(200);
    expect((await hotswap('plugin restart greeter')).exitCode).toBe(0);
  });

  test('load takes a source and a config, unload gives it back', async () => {
    const start = "ctx.http.get('/extra', () => new Response(String(ctx.config.size)));";
    await writePlugin(join(folder, 'more'), { name: 'extra', start });
    await writeFile(join(folder, 'extra.json'), '{"size": 7}');
    const loaded = await hotswap('plugin load --path=more/extra --config=extra.json');
    expect(loaded.err + loaded.out).toContain('extra: generation 1 serves');
    expect(await answerOf('/extra')).toBe('7');
    expect((await hotswap('plugin load more/extra')).exitCode).toBe(5);
    expect((await hotswap('plugin unload extra')).out).toMatch(/^unloaded extra/);
    expect((await fetch(`${server.url}/extra`)).status).toBe(404);
  });

  test('unload is refused while others need the plugin', async () => {
    const { exitCode, err } = await hotswap('plugin unload geo');
    expect(exitCode).toBe(5);
    expect(err).toContain('maps');
  });

  test('unload --cascade shows its plan and needs a yes', async () => {
    const { exitCode, err } = await hotswap('plugin unload geo --cascade');
    expect(exitCode).toBe(5);
    expect(err).toMatch(/unload +maps/);
    expect(err).toContain('CONFIRMATION_NEEDED');
    expect(await answerOf('/maps')).toBe('map');
    expect((await hotswap('plugin unload geo --cascade --yes')).exitCode).toBe(0);
    expect((await fetch(`${server.url}/maps`)).status).toBe(404);
  });

  test('reload --path swaps to another source', async () => {
    const next = await writePlugin(join(folder, 'next'), {
      name: 'greeter',
      version: '3.0.0',
      start: answering('/hello', 'three'),
    });
    expect((await hotswap(`plugin reload --name=greeter --path=${next}`)).exitCode).toBe(0);
    expect(await answerOf('/hello')).toBe('three');
    await writeSource(next, answering('/hello', 'four'));
    expect((await hotswap('plugin reload greeter')).exitCode).toBe(0);
    expect(await answerOf('/hello')).toBe('four');
  });
});

describe('pack', () => {
  test('makes an archive that can be swapped in, the same bytes each time', async () => {
    await writePlugin(join(folder, 'packed'), {
      name: 'greeter',
      version: '4.0.0',
      start: answering('/hello', 'packed'),
    });
    const first = (await hotswap('plugin pack packed/greeter --out one.tgz --json')).json();
    const second = (await hotswap('plugin pack packed/greeter --out two.tgz --json')).json();
    expect(first).toMatchObject({ plugin: 'greeter', version: '4.0.0', file: 'one.tgz' });
    expect(second.digest).toBe(first.digest);
    expect((await hotswap('plugin swap greeter one.tgz')).exitCode).toBe(0);
    expect(await answerOf('/hello')).toBe('packed');
    expect((await hotswap('plugin pack packed/greeter')).out).toMatch(/^packed greeter 4\.0\.0 into packed/);
  });
});

describe('refusals', () => {
  test.each([
    ['plugin status nobody', 4, 'PLUGIN_UNKNOWN'],
    ['plugin reload nobody', 4, 'PLUGIN_UNKNOWN'],
    ['plugin reload', 2, 'ARGUMENT_MISSING'],
    ['plugin swap greeter', 2, 'ARGUMENT_MISSING'],
    ['plugin load', 2, 'ARGUMENT_MISSING'],
    ['plugin reload a --name=b', 2, 'ARGUMENT_TWICE'],
    ['plugin list --colour', 2, 'USAGE_INVALID'],
    ['plugin explode', 2, 'USAGE_INVALID'],
    ['plugin list --url ftp://somewhere', 2, 'URL_INVALID'],
    ['plugin list --timeout soon', 2, 'USAGE_INVALID'],
    ['plugin list --url http://127.0.0.1:1', 7, 'SERVER_UNREACHABLE'],
    ['plugin reload greeter --token a-wrong-token-here', 3, 'MANAGEMENT_UNAUTHENTICATED'],
    ['plugin load /etc', 3, 'SOURCE_OUTSIDE_ROOT'],
    ['plugin config greeter --set none.toml', 2, 'CONFIG_FILE_UNREADABLE'],
    ['completion tcsh', 2, 'USAGE_INVALID'],
  ])('"%s" ends with %d and %s', async (line, code, name) => {
    const { exitCode, err } = await hotswap(line);
    expect(err).toContain(name);
    expect(exitCode).toBe(code);
    expect(err).toMatch(/^(?:.* \.\.\.\n)?error: /);
    const asJson = await hotswap(`${line} --json`);
    expect(JSON.parse(asJson.err).error.code).toBe(name);
    expect(asJson.exitCode).toBe(code);
  });

  test('a server without a data folder at hand is told what to bring', async () => {
    const { err } = await hotswap('plugin reload greeter', { env: { HOTSWAP_SERVER_DATA: 'nowhere' } });
    expect(err).toContain('--token');
  });
});
