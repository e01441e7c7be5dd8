import { expect, test } from 'vitest';
import { pluginFiles, run, temporaryFolder, write } from '../../test/running-runtime.ts';
import { parseRuntimeConfig, type RuntimeConfig } from '../config/runtime-config.ts';

const security = '[plugins.security]\nallowUnsigned = true\n';

function configOf(folder: string, text: string): RuntimeConfig {
  const options = { format: 'toml', file: `${folder}/hotswap.toml`, env: {}, cwd: folder } as const;
  return parseRuntimeConfig(`${security}${text}`, options).config;
}

const answering = (name: string) => pluginFiles(name, `ctx.http.get('/${name}', () => new Response('${name}'));`);

async function twoPlugins() {
  const folder = await temporaryFolder();
  await write(`${folder.path}/plugins`, { ...answering('geo'), ...answering('maps') });
  await write(`${folder.path}/more`, answering('extra'));
  return folder;
}

const words = (reports: readonly { readonly plugin: string; readonly outcome: string }[]) =>
  reports.map(({ plugin, outcome }) => `${outcome} ${plugin}`);

test('an edited config disables, enables, brings and takes away plugins, and touches no other', async () => {
  await using folder = await twoPlugins();
  const config = (text: string) => configOf(folder.path, text);
  await using host = await run({ config: config('') });
  const follow = async (text: string) => words((await host.runtime.updateConfig(config(text))).reports);

  expect(await follow('[plugins.geo]\nenabled = false\n')).toEqual(['unloaded geo']);
  expect([(await host.get('/geo'))[0], (await host.get('/maps'))[0]]).toEqual([404, 200]);

  expect(await follow('')).toEqual(['swapped geo']);
  expect(await host.get('/geo')).toEqual([200, 'geo']);

  const extra = `[plugins.extra]\nsource = "${folder.path}/more/extra"\n`;
  expect(await follow(extra)).toEqual(['swapped extra']);
  expect(await host.get('/extra')).toEqual([200, 'extra']);

  expect(await follow('')).toEqual(['unloaded extra']);
  expect((await host.get('/extra'))[0]).toBe(404);
  expect(host.status('maps').generation).toBe(1);
});

test('a plugin that the edited config brings as disabled is known, and starts when it is enabled', async () => {
  await using folder = await twoPlugins();
  await using host = await run({ config: configOf(folder.path, '') });
  const extra = `[plugins.extra]\nsource = "${folder.path}/more/extra"\n`;

  expect((await host.runtime.updateConfig(configOf(folder.path, `${extra}enabled = false\n`))).reports).toEqual([]);
  expect(host.status('extra')).toMatchObject({ state: 'disabled' });

  await host.runtime.updateConfig(configOf(folder.path, extra));
  expect(await host.get('/extra')).toEqual([200, 'extra']);
});

test('a newcomer that cannot start is a report, and those that serve go on', async () => {
  await using folder = await twoPlugins();
  await write(`${folder.path}/more`, pluginFiles('bad', "throw new Error('no');"));
  await using host = await run({ config: configOf(folder.path, '') });

  const bad = `[plugins.bad]\nsource = "${folder.path}/more/bad"\n`;
  const { reports } = await host.runtime.updateConfig(configOf(folder.path, bad));

  expect(words(reports)).toEqual(['failed bad']);
  expect(await host.get('/geo')).toEqual([200, 'geo']);
});
