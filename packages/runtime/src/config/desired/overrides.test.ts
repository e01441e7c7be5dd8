import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfigDocument } from '../document/config-document.ts';
import { parseRuntimeConfig } from '../runtime-config.ts';
import type { RuntimeConfig } from '../runtime-config.ts';
import type { DesiredChange } from './desired-change.ts';
import { openDesiredState, readDesiredState } from './desired-state.ts';
import { listOverrides } from './overrides.ts';
import { writeBack } from './write-back.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'overrides-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const parse = (text: string): RuntimeConfig =>
  parseRuntimeConfig(text, { format: 'toml', file: 'h.toml', cwd: '/srv' }).config;

/** What is left after operators made these changes to plugin `a`, of which the file says `text`. */
async function after(text: string, ...changes: readonly DesiredChange[]) {
  const { plugins } = parse(text);
  await using state = await openDesiredState(folder, { now: () => 1_000 });
  for (const change of changes) {
    await state.change({ plugin: 'a', change, entry: plugins.entries['a'], actor: 'ada', reason: 'too loud' });
  }
  const overrides = listOverrides(plugins, await readDesiredState(folder));
  const merged = () => writeBack(readConfigDocument(text, 'toml', 'h.toml').value, overrides);
  const listAgain = async () => listOverrides(parse(merged()).plugins, await readDesiredState(folder));
  return { overrides, merged, listAgain };
}

const file = `
[server]
bind = "127.0.0.1:1"
[plugins]
loadOrder = ["a"]
[plugins.a]
isolation = "basic"
config = { greeting = "hello", volume = 3 }
[plugins.b]
config.left = "alone"
`;

describe('overrides', () => {
  it('are none where nobody has changed anything, and none where the wish is what the file says', async () => {
    expect((await after(file)).overrides).toEqual([]);
    const same = { type: 'configure', config: { volume: 3, greeting: 'hello' } } as const;
    expect((await after(file, { type: 'enable' }, same)).overrides).toEqual([]);
  });

  it('name each setting that differs, with both values and who wanted it', async () => {
    const config = { greeting: 'hullo', tone: 'warm' };
    const { overrides } = await after(file, { type: 'disable' }, { type: 'configure', config });
    const stamp = { plugin: 'a', at: 1_000, actor: 'ada', reason: 'too loud' };
    expect(overrides).toEqual([
      { ...stamp, key: 'config.greeting', inFile: 'hello', wanted: 'hullo' },
      { ...stamp, key: 'config.volume', inFile: 3, wanted: undefined },
      { ...stamp, key: 'enabled', inFile: true, wanted: false },
      { ...stamp, key: 'config.tone', inFile: undefined, wanted: 'warm' },
    ]);
  });

  it('leave out a source that is where the plugin directory has the plugin anyway', async () => {
    expect((await after(file, { type: 'load', source: '/srv/plugins/a' })).overrides).toEqual([]);
    const { overrides } = await after(file, { type: 'load', source: '/srv/plugins/a-2.0.0.tgz' });
    expect(overrides).toMatchObject([{ key: 'source', wanted: '/srv/plugins/a-2.0.0.tgz' }]);
  });

  it('say of a plugin that was unloaded that it is not to be enabled', async () => {
    expect((await after(file, { type: 'unload' })).overrides).toMatchObject([{ key: 'enabled', wanted: false }]);
  });
});

describe('writing back', () => {
  it('puts what operators want into the file, and leaves the rest of it as it is', async () => {
    const { merged, listAgain } = await after(
      file,
      { type: 'load', source: '/elsewhere/a.tgz' },
      { type: 'isolate', isolation: 'none' },
      { type: 'configure', config: { greeting: 'hullo', nested: { on: true } } },
    );
    expect(readConfigDocument(merged(), 'toml', 'h.toml').value).toEqual({
      server: { bind: '127.0.0.1:1' },
      plugins: {
        loadOrder: ['a'],
        a: { isolation: 'none', source: '/elsewhere/a.tgz', config: { greeting: 'hullo', nested: { on: true } } },
        b: { config: { left: 'alone' } },
      },
    });
    expect(await listAgain()).toEqual([]);
  });

  it('leaves one spelling where a plugin is set in two places', async () => {
    const text = '[plugins.config.a]\nenabled = true\ngreeting = "hello"\n[plugins.config.b]\nleft = "alone"';
    const { merged, listAgain } = await after(
      text,
      { type: 'disable' },
      { type: 'configure', config: { greeting: 'hullo' } },
    );
    expect(readConfigDocument(merged(), 'toml', 'h.toml').value).toEqual({
      plugins: { a: { enabled: false, config: { greeting: 'hullo' } }, config: { b: { left: 'alone' } } },
    });
    expect(await listAgain()).toEqual([]);
  });

  it('makes an entry for a plugin that the file does not know', async () => {
    const { merged } = await after('', { type: 'load', source: '/elsewhere/a.tgz' });
    expect(merged()).toBe('[plugins.a]\nsource = "/elsewhere/a.tgz"\n');
  });

  it('refuses what TOML cannot say', async () => {
    const { merged } = await after(file, { type: 'configure', config: { list: [{ of: null }] } });
    expect(merged).toThrow(expect.objectContaining({ code: 'CONFIG_NOT_TOML' }));
  });
});
