import type { DependencySpec, PluginManifest } from '@hotswap/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { orderPlugins } from './dependency-order.ts';

test('independent plugins start side by side, by name', () => {
  expect(orderPlugins([plugin('b'), plugin('c'), plugin('a')]).levels).toEqual([['a', 'b', 'c']]);
});

test('a dependency starts in an earlier level', () => {
  const plugins = [
    plugin('app', { store: '^1.0.0', geo: '^1.0.0' }),
    plugin('geo', { store: '^1.0.0' }),
    plugin('store'),
  ];
  expect(orderPlugins(plugins).levels).toEqual([['store'], ['geo'], ['app']]);
});

test('loadOrder takes names and kinds, and each entry waits for the one before', () => {
  const plugins = [plugin('a'), plugin('z', {}, ['storage']), plugin('y', {}, ['storage']), plugin('log')];
  expect(orderPlugins(plugins, ['log', 'storage']).levels).toEqual([
    ['log', 'a'],
    ['y', 'z'],
  ]);
});

test('a plugin’s own name in loadOrder counts before its kind', () => {
  const plugins = [plugin('y', {}, ['storage']), plugin('z', {}, ['storage'])];
  expect(orderPlugins(plugins, ['z', 'storage']).levels).toEqual([['z'], ['y']]);
});

test('dependencies outrank loadOrder', () => {
  const plugins = [plugin('first', { store: '*' }), plugin('second'), plugin('store')];
  expect(orderPlugins(plugins, ['first', 'second', 'store']).levels).toEqual([['store'], ['first'], ['second']]);
});

test('an optional dependency goes first when it is there and is not missed when it is not', () => {
  const app = plugin('app', { zeta: { version: '^1.0.0', optional: true } });
  expect(orderPlugins([app, plugin('zeta')]).levels).toEqual([['zeta'], ['app']]);
  expect(orderPlugins([app])).toMatchObject({ levels: [['app']], problems: new Map() });
});

test('a plugin does without an optional dependency that cannot start', () => {
  const plugins = [plugin('app', { zeta: { version: '^1.0.0', optional: true } }), plugin('zeta', { gone: '*' })];
  const { levels, problems } = orderPlugins(plugins);
  expect(levels).toEqual([['app']]);
  expect([...problems.keys()]).toEqual(['zeta']);
});

test.each([
  ['missing', { gone: '^2.0.0' }, 'DEPENDENCY_MISSING', 'plugin app needs gone ^2.0.0, which is not loaded'],
  ['of another version', { store: '^2.0.0' }, 'DEPENDENCY_UNSATISFIED', 'needs store ^2.0.0, but store is 1.0.0'],
  [
    'optional, but of another version',
    { store: { version: '2', optional: true } },
    'DEPENDENCY_UNSATISFIED',
    'store 2',
  ],
])('a dependency that is %s stops its dependents and no one else', (_, dependencies, code, message) => {
  const plugins = [plugin('app', dependencies), plugin('store'), plugin('top', { app: '^1.0.0' })];
  const { levels, problems } = orderPlugins(plugins);
  expect(levels).toEqual([['store']]);
  expect(problems.get('app')).toMatchObject({ code, message: expect.stringContaining(message) });
  expect(problems.get('top')).toMatchObject({
    code: 'DEPENDENCY_FAILED',
    details: { dependency: 'app' },
    message: expect.stringContaining(message),
  });
});

test('a circle is named with its whole path, from each of its plugins', () => {
  const plugins = [
    plugin('a', { b: '*' }),
    plugin('b', { c: '*' }),
    plugin('c', { a: '*' }),
    plugin('d', { a: '*' }),
    plugin('e'),
  ];
  const { levels, problems } = orderPlugins(plugins);
  expect(levels).toEqual([['e']]);
  expect(problems.get('a')).toMatchObject({ code: 'DEPENDENCY_CYCLE', details: { path: 'a -> b -> c -> a' } });
  expect(problems.get('b')).toMatchObject({ details: { path: 'b -> c -> a -> b' } });
  expect(problems.get('d')).toMatchObject({ code: 'DEPENDENCY_FAILED', details: { dependency: 'a' } });
});

test('a plugin that needs itself is the smallest circle', () => {
  expect(orderPlugins([plugin('a', { a: '*' })]).problems.get('a')).toMatchObject({ details: { path: 'a -> a' } });
});

test('a loadOrder entry that is neither plugin nor kind is refused with the name it may have meant', () => {
  expect(() => orderPlugins([plugin('greeter')], ['greter'])).toThrow(
    expect.objectContaining({ code: 'LOAD_ORDER_UNKNOWN', message: expect.stringContaining('did you mean greeter?') }),
  );
});

test('loadOrder may name a kind without plugins and a plugin that does not start', () => {
  expect(orderPlugins([plugin('a')], ['storage', 'off', 'a'], ['off']).levels).toEqual([['a']]);
});

test('whatever depends on whatever: each plugin is placed once after its dependencies, or has a problem', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  const dependencies = fc.dictionary(
    fc.constantFrom(...names, 'gone'),
    fc.constantFrom<DependencySpec>('*', '^2.0.0', { version: '*', optional: true }),
    { maxKeys: 3 },
  );
  const manifests = fc
    .record(Object.fromEntries(names.map((name) => [name, dependencies])))
    .map((graph) => names.map((name) => plugin(name, graph[name])));
  fc.assert(
    fc.property(manifests, fc.subarray(names), (plugins, loadOrder) => {
      const { levels, problems } = orderPlugins(plugins, loadOrder);
      const placed = levels.flat();
      expect([...placed, ...problems.keys()].toSorted()).toEqual(names);
      const levelOf = (name: string): number => levels.findIndex((level) => level.includes(name));
      for (const { name, dependencies: needed = {} } of plugins.filter((one) => placed.includes(one.name))) {
        for (const [dependency, spec] of Object.entries(needed)) {
          if (placed.includes(dependency)) expect(levelOf(dependency)).toBeLessThan(levelOf(name));
          else expect(spec).toMatchObject({ optional: true });
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('without dependencies, loadOrder is kept to the letter', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  fc.assert(
    fc.property(fc.shuffledSubarray(names), (loadOrder) => {
      const placed = orderPlugins(
        names.map((name) => plugin(name)),
        loadOrder,
      ).levels.flat();
      expect(placed.filter((name) => loadOrder.includes(name))).toEqual(loadOrder);
    }),
  );
});

test('a chain of 1,000 plugins is ordered in no time', () => {
  const chain = Array.from({ length: 1_000 }, (_, n) => plugin(`p${n}`, n === 0 ? {} : { [`p${n - 1}`]: '^1.0.0' }));
  const started = performance.now();
  expect(orderPlugins(chain.toReversed()).levels).toHaveLength(1_000);
  expect(performance.now() - started).toBeLessThan(2_000);
});

function plugin(
  name: string,
  dependencies: Readonly<Record<string, DependencySpec>> = {},
  kinds: readonly string[] = [],
): PluginManifest {
  return {
    name,
    version: '1.0.0',
    description: '',
    engines: { hotswap: '^1.0.0' },
    main: './index.js',
    dependencies,
    kinds,
  };
}
