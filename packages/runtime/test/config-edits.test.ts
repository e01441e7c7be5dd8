// What an operator reads when a config names something that is not there.
import { expect, test } from 'vitest';
import { parseRuntimeConfig, type RuntimeConfig } from '@hotswap/runtime';
import { run, temporaryFolder, write } from './running-runtime.ts';

function configOf(folder: string, text: string): RuntimeConfig {
  const whole = `[plugins.security]\nallowUnsigned = true\n${text}`;
  return parseRuntimeConfig(whole, { format: 'toml', file: `${folder}/hotswap.toml`, env: {}, cwd: folder }).config;
}

async function emptyDirectory() {
  const folder = await temporaryFolder();
  await write(folder.path, { 'plugins/readme.txt': 'no plugin' });
  return folder;
}

test('an entry of loadOrder that is nothing is refused with its line and column', async () => {
  await using folder = await emptyDirectory();
  const config = configOf(folder.path, '[plugins]\nloadOrder = ["security", "nope"]\n');
  await expect(run({ config })).rejects.toMatchObject({
    code: 'LOAD_ORDER_UNKNOWN',
    message: expect.stringContaining(`${folder.path}/hotswap.toml:4:26: loadOrder names nope`),
  });
});

test('a section for a plugin that is not there is told, once, when the file is edited too', async () => {
  await using folder = await emptyDirectory();
  await using host = await run({ config: configOf(folder.path, '') });
  const section = '[plugins.ghost]\nconfig.x = 1\n';
  await host.runtime.updateConfig(configOf(folder.path, section));
  await host.runtime.updateConfig(configOf(folder.path, section.replace('1', '2')));
  const told = host.lines.filter(({ message }) => message === 'the config names a plugin that is not there');
  expect(told).toMatchObject([{ level: 'warn', fields: { plugin_name: 'ghost' } }]);
});
