import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planConfigChange, wantedPlugins } from './config-diff.ts';
import type { ConfigOperation, KnownPlugin, WantedPlugin } from './config-diff.ts';
import { plainEntry } from './plugin-entry.ts';
import type { PluginEntry } from './plugin-entry.ts';
import { parseRuntimeConfig } from './runtime-config.ts';
import type { RuntimeConfig } from './runtime-config.ts';

const configOf = (text: string): RuntimeConfig =>
  parseRuntimeConfig(text, { format: 'toml', file: 'h.toml', cwd: '/srv' }).config;

const known = (name: string, dependencies: readonly string[] = [], isInDirectory = true): KnownPlugin => ({
  name,
  kinds: [],
  dependencies,
  isInDirectory,
});

/** `load a`, `unload b`: what would be done, in a line each. */
function operationsOf(before: string, after: string, plugins: readonly KnownPlugin[]): readonly string[] {
  return planConfigChange(configOf(before), configOf(after), plugins).operations.map((o) => `${o.type} ${o.plugin}`);
}

describe('a change of the config', () => {
  it.each([
    ['', '', []],
    ['', '[plugins.a]\nconfig.x = 1', ['configure a']],
    ['', '[plugins.a]\nenabled = false', ['disable a']],
    ['[plugins.a]\nenabled = false', '[plugins.a]\nconfig.x = 1', ['enable a']],
    ['', '[plugins.a]\nisolation = "strict"', ['swap a']],
    ['', '[plugins.a]\nshareProcess = "group"', ['swap a']],
    ['', '[plugins.a]\nsource = "/a.tgz"\nconfig.x = 1', ['swap a']],
    ['', '[plugins.c]\nsource = "/c.tgz"', ['load c']],
    ['', '[plugins.c]', []],
    ['[plugins.c]\nsource = "/c.tgz"\nenabled = false', '', ['unload c']],
    ['', '[plugins]\nautoLoad = false\n[plugins.b]', ['unload a']],
    ['', '[plugins]\nenabled = false', ['unload b', 'unload a']],
    ['[plugins.a]\nconfig.x = { p = 1, q = 2 }', '[plugins.config.a]\nx = { q = 2, p = 1 }', []],
  ])('from %j to %j means %j', (before, after, expected) => {
    expect(operationsOf(before, after, [known('a'), known('b')])).toEqual(expected);
  });

  it('takes dependents away first and brings dependencies first', () => {
    const plugins = [known('a', ['b']), known('b', ['c']), known('c'), known('z'), known('y', ['z'])];
    const before = '[plugins.a]\nenabled = false\n[plugins.b]\nenabled = false\n[plugins.c]\nenabled = false';
    const after = '[plugins.z]\nenabled = false\n[plugins.y]\nenabled = false';
    expect(operationsOf(before, after, plugins)).toEqual([
      'disable y',
      'disable z',
      'enable c',
      'enable b',
      'enable a',
    ]);
  });

  it('follows an operator who has unloaded or configured a plugin', () => {
    const plain = configOf('');
    const wish = (entry: Partial<PluginEntry>): RuntimeConfig => ({
      ...plain,
      plugins: { ...plain.plugins, entries: { a: { ...plainEntry, ...entry } } },
    });
    expect(planConfigChange(plain, wish({ isUnloaded: true }), [known('a')]).operations).toEqual([
      { type: 'unload', plugin: 'a' },
    ]);
    expect(planConfigChange(plain, wish({ override: { x: 1 } }), [known('a')]).operations).toMatchObject([
      { type: 'configure', plugin: 'a', wanted: { config: { x: 1 } } },
    ]);
  });

  it('names settings that need a restart, and those that do not', () => {
    const after = `
      [server]
      bind = ":9"
      limits.maxBody = "1MB"
      tls = { cert = "a", key = "b" }
      [plugins]
      directory = "other"
      loadTimeout = "1s"
      [plugins.security]
      maxMemoryMB = 1
      [secrets]
      key = "env:X"`;
    const { restart, settings } = planConfigChange(configOf(''), configOf(after), []);
    expect(restart).toEqual(['server.bind', 'server.tls', 'server.limits.maxBody', 'plugins.directory']);
    expect(settings).toEqual(['plugins.loadTimeout', 'plugins.security.maxMemoryMB', 'secrets.key']);
  });
});

describe('every plan', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const entry = fc.record({
    enabled: fc.boolean(),
    source: fc.constantFrom(undefined, '/one', '/two'),
    isolation: fc.constantFrom(undefined, 'basic' as const, 'strict' as const),
    config: fc.constantFrom({}, { x: 1 }, { x: 2 }),
    override: fc.constantFrom(undefined, undefined, { x: 3 }),
    isUnloaded: fc.boolean(),
  });
  const base = configOf('');
  const config = fc
    .record({
      enabled: fc.boolean(),
      autoLoad: fc.boolean(),
      entries: fc.dictionary(
        fc.constantFrom(...names),
        entry.map((part) => ({ ...plainEntry, ...part })),
      ),
    })
    .map((plugins): RuntimeConfig => ({ ...base, plugins: { ...base.plugins, ...plugins } }));
  // A plugin needs only plugins before it in the alphabet, so there is no cycle.
  const plugins = fc
    .tuple(...names.map((name, index) => fc.tuple(fc.boolean(), fc.subarray(names.slice(0, index)), fc.constant(name))))
    .map((all) => all.map(([isInDirectory, dependencies, name]) => known(name, dependencies, isInDirectory)));

  const apply = (state: ReadonlyMap<string, WantedPlugin>, operations: readonly ConfigOperation[]): unknown => {
    const after = new Map(state);
    for (const operation of operations) {
      if (operation.type === 'unload') after.delete(operation.plugin);
      else after.set(operation.plugin, operation.wanted);
    }
    return Object.fromEntries(after);
  };

  it('leads from the current config to the next, with one operation a plugin at most', () => {
    fc.assert(
      fc.property(config, config, plugins, (current, next, all) => {
        const { operations } = planConfigChange(current, next, all);
        expect(apply(wantedPlugins(current, all), operations)).toEqual(Object.fromEntries(wantedPlugins(next, all)));
        expect(new Set(operations.map(({ plugin }) => plugin)).size).toBe(operations.length);
      }),
    );
  });

  it('does nothing if nothing has changed', () => {
    fc.assert(
      fc.property(config, plugins, (current, all) => {
        const plan = planConfigChange(current, structuredClone(current), all);
        expect(plan).toEqual({ operations: [], restart: [], settings: [] });
      }),
    );
  });

  it('never brings a plugin before what it needs, nor takes it away after', () => {
    fc.assert(
      fc.property(config, config, plugins, (current, next, all) => {
        const { operations } = planConfigChange(current, next, all);
        const order = operations.map(({ plugin }) => plugin);
        for (const [index, { type, plugin }] of operations.entries()) {
          const isGoing = type === 'unload' || type === 'disable';
          for (const needed of all.find(({ name }) => name === plugin)?.dependencies ?? []) {
            const other = operations[order.indexOf(needed)];
            if (!other || isGoing !== (other.type === 'unload' || other.type === 'disable')) continue;
            expect(order.indexOf(needed) < index).toBe(!isGoing);
          }
        }
      }),
    );
  });
});
