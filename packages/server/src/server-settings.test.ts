import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pluginNameIn, readServerSettings } from './server-settings.ts';
import type { SettingsRequest } from './server-settings.ts';

let cwd: string;

beforeEach(async () => {
  cwd = await realpath(await mkdtemp(join(tmpdir(), 'hotswap-settings-')));
});

afterEach(() => rm(cwd, { recursive: true }));

function read(request: Partial<SettingsRequest>) {
  return readServerSettings({ mode: 'develop', cwd, env: {}, ...request });
}

test('a flag outranks the environment, and the environment the file', async () => {
  await writeFile(join(cwd, 'hotswap.toml'), '[server]\nbind = "127.0.0.1:1"\ndata = "kept"');
  const env = { HOTSWAP_SERVER_BIND: '127.0.0.1:2' };
  const configFile = 'hotswap.toml';
  expect((await read({ mode: 'operate', configFile })).config.server.bind.port).toBe(1);
  expect((await read({ mode: 'operate', configFile, env })).config.server.bind.port).toBe(2);
  const flagged = await read({ mode: 'operate', configFile, env, bind: '127.0.0.1:3', data: 'elsewhere' });
  expect(flagged.config.server.bind.port).toBe(3);
  expect(flagged.config.server.data).toBe(join(cwd, 'elsewhere'));
});

test('developing takes unsigned code and says so; operating does not', async () => {
  await writeFile(join(cwd, 'hotswap.toml'), '');
  const developing = await read({ source: cwd });
  expect(developing.config.plugins.security.allowUnsigned).toBe(true);
  expect(developing.config.notices.join()).toContain('allowUnsigned');
  expect(developing.config.server.data).toBe(join(cwd, '.hotswap'));
  const operating = await read({ mode: 'operate', configFile: 'hotswap.toml' });
  expect(operating.config.plugins.security.allowUnsigned).toBe(false);
});

test('a folder of plugins is the plugin directory', async () => {
  const settings = await read({ source: cwd });
  expect(settings.onlyPlugin).toBeUndefined();
  expect(settings.config.plugins).toMatchObject({ directory: cwd, autoLoad: true, entries: {} });
});

test('one plugin, as a folder or as a file, is loaded alone', async () => {
  const folder = join(cwd, 'anything');
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'geo', engines: { hotswap: '*' } }));
  const settings = await read({ source: folder });
  expect(settings.onlyPlugin).toEqual({ name: 'geo', path: folder });
  expect(settings.config.plugins).toMatchObject({
    autoLoad: false,
    entries: { geo: { source: folder, enabled: true } },
  });
  const file = join(cwd, 'greeter.ts');
  await writeFile(file, '');
  expect((await read({ source: file })).config.plugins.entries).toMatchObject({ greeter: { source: file } });
});

test('a package.json is a plugin by its hotswap field or engine, and when it cannot be read', () => {
  expect(pluginNameIn('{"name":"geo","hotswap":{}}', 'folder')).toBe('geo');
  expect(pluginNameIn('{"engines":{"hotswap":"^1.0.0"}}', 'folder')).toBe('folder');
  expect(pluginNameIn('{"name":"workspace"}', 'folder')).toBeUndefined();
  expect(pluginNameIn('{"name":', 'folder')).toBe('folder');
  expect(pluginNameIn('null', 'folder')).toBe('folder');
});

test('says which folder or file is missing', async () => {
  await expect(read({ source: join(cwd, 'nowhere') })).rejects.toMatchObject({
    code: 'SOURCE_MISSING',
    kind: 'not-found',
  });
  await expect(read({ mode: 'operate', configFile: 'none.toml' })).rejects.toMatchObject({
    code: 'CONFIG_FILE_MISSING',
  });
});

test('says what is wrong with a flag', async () => {
  await expect(read({ bind: 'eighty' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});
