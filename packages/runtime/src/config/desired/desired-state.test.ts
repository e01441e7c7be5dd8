import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { plainEntry } from '../plugin-entry.ts';
import type { PluginEntry } from '../plugin-entry.ts';
import { parseRuntimeConfig } from '../runtime-config.ts';
import type { RuntimeConfig } from '../runtime-config.ts';
import { overlayDesiredState } from './desired-overlay.ts';
import { openDesiredState } from './desired-state.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'desired-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const clock = { now: () => 1_000 };
const entry: PluginEntry = { ...plainEntry, config: { greeting: 'hello' } };
const configOf = (text: string): RuntimeConfig =>
  parseRuntimeConfig(text, { format: 'toml', file: 'h.toml', cwd: '/srv' }).config;

describe('the desired state', () => {
  it('is empty before the first change and survives being opened again', async () => {
    await using state = await openDesiredState(folder, clock);
    expect(state.plugins).toEqual({});
    await state.change({ plugin: 'greeter', change: { type: 'load', source: './g.tgz' }, entry: undefined });
    await state.change({ plugin: 'greeter', change: { type: 'disable' }, entry, actor: 'ada', reason: 'too loud' });
    await using again = await openDesiredState(folder, clock);
    expect(again.plugins).toEqual(state.plugins);
    expect(again.plugins['greeter']).toMatchObject({
      presence: 'loaded',
      source: './g.tgz',
      enabled: false,
      changed: { at: 1_000, actor: 'ada', reason: 'too loud' },
    });
  });

  it('is readable by its owner only', async () => {
    await using state = await openDesiredState(folder, clock);
    await state.change({ plugin: 'a', change: { type: 'enable' }, entry });
    await state.change({ plugin: 'a', change: { type: 'disable' }, entry });
    for (const name of ['desired.json', 'desired.json.bak']) {
      expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
    }
  });

  it('keeps every one of many changes made at once', async () => {
    await using state = await openDesiredState(folder, clock);
    const names = Array.from({ length: 20 }, (_, index) => `plugin-${index}`);
    await Promise.all(names.map((plugin) => state.change({ plugin, change: { type: 'disable' }, entry: undefined })));
    await using again = await openDesiredState(folder, clock);
    expect(Object.keys(again.plugins).toSorted()).toEqual(names.toSorted());
  });

  it('keeps ten earlier configs, who set them and why, and restores any of them', async () => {
    await using state = await openDesiredState(folder, clock);
    for (let n = 1; n <= 13; n += 1) {
      const change = { type: 'configure', config: { n } } as const;
      await state.change({ plugin: 'a', change, entry, actor: `user-${n}` });
    }
    expect(state.plugins['a']?.earlierConfigs.map(({ version }) => version)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
    const restored = await state.change({ plugin: 'a', change: { type: 'restore-config', version: 5 }, entry });
    expect(restored.config).toMatchObject({ version: 14, config: { n: 5 } });
    expect(restored.earlierConfigs[0]).toMatchObject({ version: 13, actor: 'user-13' });
    await expect(
      state.change({ plugin: 'a', change: { type: 'restore-config', version: 1 }, entry }),
    ).rejects.toMatchObject({ code: 'CONFIG_VERSION_UNKNOWN', message: expect.stringContaining('14, 13') as string });
  });

  it('never numbers two configs alike, not even after following the file again', async () => {
    await using state = await openDesiredState(folder, clock);
    await state.change({ plugin: 'a', change: { type: 'configure', config: { n: 1 } }, entry });
    const followed = await state.change({ plugin: 'a', change: { type: 'follow-file' }, entry });
    expect(followed.config).toBeUndefined();
    const next = await state.change({ plugin: 'a', change: { type: 'configure', config: { n: 2 } }, entry });
    expect(next).toMatchObject({ config: { version: 2 }, earlierConfigs: [{ version: 1 }] });
  });

  it.each([
    '{ "version": 1, "plug',
    '{ "version": 2, "plugins": {} }',
    '{ "version": 1, "plugins": { "a": { "on": 1 } } }',
    '',
  ])('is never dropped when damaged: %j', async (damaged) => {
    const file = join(folder, 'desired.json');
    await writeFile(file, damaged);
    await expect(openDesiredState(folder, clock)).rejects.toMatchObject({
      code: 'DESIRED_STATE_CORRUPT',
      details: { file, backup: `${file}.bak` },
    });
    expect(await readFile(file, 'utf8')).toBe(damaged);
  });

  it('has a backup that opens in place of a damaged file', async () => {
    await using state = await openDesiredState(folder, clock);
    await state.change({ plugin: 'a', change: { type: 'disable' }, entry });
    await state.change({ plugin: 'b', change: { type: 'disable' }, entry });
    await writeFile(join(folder, 'desired.json'), await readFile(join(folder, 'desired.json.bak')));
    await using again = await openDesiredState(folder, clock);
    expect(Object.keys(again.plugins)).toEqual(['a']);
  });

  it('says so when a file cannot be read', async () => {
    await rm(folder, { recursive: true });
    await writeFile(folder, 'a file where a folder should be');
    await expect(openDesiredState(folder, clock)).rejects.toMatchObject({ code: 'DESIRED_STATE_UNREADABLE' });
  });

  it('forgets a change that could not be saved, and goes on with the next', async () => {
    await using state = await openDesiredState(folder, clock);
    await rm(folder, { recursive: true });
    await writeFile(folder, 'in the way');
    const change = { plugin: 'a', change: { type: 'disable' }, entry } as const;
    await expect(state.change(change)).rejects.toMatchObject({ code: 'DESIRED_STATE_NOT_SAVED' });
    expect(state.plugins).toEqual({});
    await rm(folder);
    await expect(state.change(change)).resolves.toMatchObject({ enabled: false });
  });
});

describe('laid over the file', () => {
  it("the operators' wishes hold, and the rest is the file's", async () => {
    await using state = await openDesiredState(folder, clock);
    const file = configOf('[plugins.greeter]\nisolation = "basic"\nconfig.greeting = "hello"\n[plugins.other]');
    const greeter = file.plugins.entries['greeter'];
    await state.change({
      plugin: 'greeter',
      change: { type: 'configure', config: { greeting: 'hi' } },
      entry: greeter,
    });
    await state.change({ plugin: 'greeter', change: { type: 'isolate', isolation: 'strict' }, entry: greeter });
    await state.change({ plugin: 'added', change: { type: 'load', source: '/a.tgz' }, entry: undefined });
    await state.change({ plugin: 'other', change: { type: 'unload' }, entry: file.plugins.entries['other'] });
    const { config, drift } = overlayDesiredState(file, state.plugins);
    expect(config.plugins.entries['greeter']).toMatchObject({
      isolation: 'strict',
      config: { greeting: 'hello' },
      override: { greeting: 'hi' },
    });
    expect(config.plugins.entries['added']).toEqual({ ...plainEntry, source: '/a.tgz' });
    expect(config.plugins.entries['other']?.isUnloaded).toBe(true);
    expect(drift).toEqual([]);
  });

  it('reports edits of overridden keys as drift, but not edits that agree with the operator', async () => {
    await using state = await openDesiredState(folder, clock);
    const before = configOf('[plugins.a]\nconfig.x = 1\nconfig.y = { p = 1, q = 2 }').plugins.entries['a'];
    await state.change({ plugin: 'a', change: { type: 'configure', config: { x: 5 } }, entry: before });
    await state.change({ plugin: 'a', change: { type: 'disable' }, entry: before });
    const driftAfter = (text: string): readonly string[] =>
      overlayDesiredState(configOf(text), state.plugins).drift.map(({ key }) => key);
    expect(driftAfter('[plugins.a]\nconfig.y = { q = 2, p = 1 }\nconfig.x = 1')).toEqual([]);
    expect(driftAfter('[plugins.a]\nconfig.x = 2\nconfig.y = { q = 2, p = 1 }\nconfig.z = 1')).toEqual([
      'config.x',
      'config.z',
    ]);
    expect(driftAfter('[plugins.a]\nenabled = false\nconfig.x = 5\nconfig.y = { q = 2, p = 1 }')).toEqual([]);
    expect(driftAfter('[plugins.a]\nconfig.x = 1')).toEqual([]);
  });

  it('leaves no trace of a plugin that follows the file again', async () => {
    await using state = await openDesiredState(folder, clock);
    await state.change({ plugin: 'a', change: { type: 'disable' }, entry });
    await state.change({ plugin: 'a', change: { type: 'follow-file' }, entry });
    expect(overlayDesiredState(configOf(''), state.plugins).config.plugins.entries).toEqual({});
  });
});
