// What the environment says of plugins outranks the file, at start and through edits of the file.
import { expect, test } from 'vitest';
import { parseRuntimeConfig, type RuntimeConfig } from '@hotswap/runtime';
import { pluginFiles, run, temporaryFolder, write } from './running-runtime.ts';

const schema = { type: 'object', properties: { greeting: { type: 'string', default: 'hello' } } };
const start = `ctx.methods.handle('greeting', () => ctx.config.greeting);`;

type Environment = Readonly<Record<string, string>>;

function configOf(folder: string, text: string, env: Environment): RuntimeConfig {
  const whole = `[plugins]\ndirectory = "plugins"\n[plugins.security]\nallowUnsigned = true\n${text}`;
  return parseRuntimeConfig(whole, { format: 'toml', file: `${folder}/hotswap.toml`, env, cwd: folder }).config;
}

async function greeterFolder() {
  const folder = await temporaryFolder();
  await write(`${folder.path}/plugins`, pluginFiles('greeter', start, { config: schema }));
  return folder;
}

const fromFile = '[plugins.greeter]\nconfig.greeting = "file"\n';

test('a variable switches a plugin off, and chooses its level', async () => {
  await using folder = await greeterFolder();
  const config = (env: Environment) => ({ config: configOf(folder.path, fromFile, env) });
  await using off = await run(config({ HOTSWAP_PLUGIN_GREETER_ENABLED: 'false' }));
  expect(off.status('greeter').state).toBe('disabled');
  await using bare = await run(config({ HOTSWAP_PLUGIN_GREETER_ISOLATION: 'none' }));
  expect(bare.status('greeter')).toMatchObject({ state: 'active', isolation: 'none' });
});

test('an edit of the file does not outrank the environment', async () => {
  await using folder = await greeterFolder();
  const env = { HOTSWAP_PLUGIN_GREETER_GREETING: 'environment' };
  await using host = await run({ config: configOf(folder.path, fromFile, env) });
  const edited = fromFile.replace('file', 'edited');
  const { reports } = await host.runtime.updateConfig(configOf(folder.path, edited, env));
  expect(reports).toEqual([]);
  expect(await host.runtime.invoke('greeter', 'greeting')).toBe('environment');
  expect(host.status('greeter').configSource).toBe('environment');
});

test('a plugin that an edit brings starts at the level the file names, or stays off', async () => {
  await using folder = await greeterFolder();
  const onlyNamed = (text: string) => {
    const config = configOf(folder.path, text, {});
    return { ...config, plugins: { ...config.plugins, autoLoad: false } };
  };
  const entry = `[plugins.greeter]\nsource = "./plugins/greeter"\nisolation = "none"\nconfig.greeting = "file"\n`;
  await using host = await run({ config: onlyNamed('') });
  await host.runtime.updateConfig(onlyNamed(`${entry}enabled = false\n`));
  expect(host.status('greeter').state).toBe('disabled');
  await using other = await run({ config: onlyNamed('') });
  await other.runtime.updateConfig(onlyNamed(entry));
  expect(other.status('greeter')).toMatchObject({ state: 'active', isolation: 'none', configSource: 'file' });
  expect(await other.runtime.invoke('greeter', 'greeting')).toBe('file');
});

test.each([
  ['HOTSWAP_PLUGIN_GREETER_GRETING', 'is no setting of greeter; did you mean HOTSWAP_PLUGIN_GREETER_GREETING?'],
  ['HOTSWAP_PLUGIN_GHOST_GREETING', 'belongs to no plugin'],
])('refuses to start with %s, which nothing reads', async (variable, message) => {
  await using folder = await greeterFolder();
  const config = configOf(folder.path, fromFile, { [variable]: 'x' });
  await expect(run({ config })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(`${variable} ${message}`),
  });
});

test('a variable may wait for a plugin that the file names', async () => {
  await using folder = await greeterFolder();
  const config = configOf(folder.path, '[plugins.ghost]\nconfig.x = 1\n', { HOTSWAP_PLUGIN_GHOST_X: '2' });
  await using host = await run({ config });
  expect(host.status('greeter').state).toBe('active');
});
