import { expect, test } from 'vitest';
import { readManifest } from './read-manifest.ts';
import type { ManifestProblem } from './read-manifest.ts';

const smallest = { name: 'greeter', version: '1.2.0', engines: { hotswap: '^1.0.0' } };

test('a small manifest gets its defaults', () => {
  expect(readManifest(smallest, 'x')).toEqual({ ...smallest, description: '', main: './index.js' });
});

test('a full manifest is taken over, npm’s own fields aside', () => {
  const hotswap = {
    kinds: ['protocol', 'my-own-kind'],
    category: 'demo',
    isolation: 'strict',
    capabilities: { network: ['api.example.com:443'], secrets: ['key'], files: ['./data'], services: ['geo'] },
    dependencies: { geo: '^2.0.0', '@acme/log': { version: '1 - 3', optional: true } },
    config: { type: 'object', properties: { greeting: { type: 'string', default: 'hello' } } },
    stateVersion: 2,
    swap: 'exclusive',
    limits: { maxMemoryMB: 64, maxCPUPercent: 50, callTimeout: '30s', maxBody: '10MB' },
    health: { interval: 'PT10S', strikes: 2, warmUp: 1 },
  };
  const own = { description: 'Says hello.', license: 'MIT', keywords: ['a'], main: './src/index.ts' };
  const json = { ...smallest, ...own, author: { name: 'Ada', email: 'a@b' }, dependencies: { zod: '4' }, hotswap };
  expect(readManifest(json, 'x')).toEqual({ ...smallest, ...own, author: 'Ada', ...hotswap });
});

test.each([
  ['no object', [], [{ path: '' }]],
  ['nothing in it', {}, [{ path: 'name' }, { path: 'version' }, { path: 'engines' }]],
  [
    'engines without hotswap',
    { ...smallest, engines: { node: '24' } },
    [{ path: 'engines.hotswap', message: /missing.*\^1\.0\.0/ }],
  ],
  [
    'any engine',
    { ...smallest, engines: { hotswap: '*' } },
    [{ path: 'engines.hotswap', message: /promises every version/ }],
  ],
  ['any engine, spelled otherwise', { ...smallest, engines: { hotswap: 'x' } }, [{ path: 'engines.hotswap' }]],
  [
    'a broken engine range',
    { ...smallest, engines: { hotswap: 'one' } },
    [{ path: 'engines.hotswap', message: /not a semver range/ }],
  ],
  ['a name in capitals', { ...smallest, name: 'Greeter' }, [{ path: 'name', message: /lower-case/ }]],
  ['a name too long', { ...smallest, name: 'a'.repeat(65) }, [{ path: 'name' }]],
  ['a reserved name', { ...smallest, name: 'status' }, [{ path: 'name', message: /reserved/ }]],
  ['a version that is none', { ...smallest, version: '1.2' }, [{ path: 'version', message: /1\.2\.0/ }]],
  ['a version with a v', { ...smallest, version: 'v1.2.0' }, [{ path: 'version' }]],
  [
    'an unknown field',
    { ...smallest, hotswap: { isolate: 'strict' } },
    [{ path: 'hotswap.isolate', message: /isolation/ }],
  ],
  [
    'an unknown capability',
    { ...smallest, hotswap: { capabilities: { net: [] } } },
    [{ path: 'hotswap.capabilities.net', message: /network/ }],
  ],
  [
    'an unknown level',
    { ...smallest, hotswap: { isolation: 'jail' } },
    [{ path: 'hotswap.isolation', message: /none, basic, strict, sandbox, container/ }],
  ],
  [
    'a wrong type',
    { ...smallest, hotswap: { stateVersion: '1' } },
    [{ path: 'hotswap.stateVersion', message: /integer/ }],
  ],
  [
    'a config that is no schema',
    { ...smallest, hotswap: { config: true } },
    [{ path: 'hotswap.config', message: /object/ }],
  ],
  [
    'a duration that is none',
    { ...smallest, hotswap: { limits: { callTimeout: 'soon' } } },
    [{ path: 'hotswap.limits.callTimeout', message: /30s/ }],
  ],
  [
    'a size that is none',
    { ...smallest, hotswap: { limits: { maxBody: '10' } } },
    [{ path: 'hotswap.limits.maxBody', message: /10MB/ }],
  ],
  [
    'an interval that is none',
    { ...smallest, hotswap: { health: { interval: '' } } },
    [{ path: 'hotswap.health.interval' }],
  ],
  [
    'a broken dependency range',
    { ...smallest, hotswap: { dependencies: { geo: 'new' } } },
    [{ path: 'hotswap.dependencies.geo', message: /"new" is not/ }],
  ],
  [
    'a dependency without a range',
    { ...smallest, hotswap: { dependencies: { geo: {} } } },
    [{ path: 'hotswap.dependencies.geo' }],
  ],
  [
    'a dependency with a bad name',
    { ...smallest, hotswap: { dependencies: { 'Geo!': '1' } } },
    [{ path: 'hotswap.dependencies.Geo!', message: /plugin name/ }],
  ],
  [
    'itself as a dependency',
    { ...smallest, hotswap: { dependencies: { greeter: '1' } } },
    [{ path: 'hotswap.dependencies.greeter', message: /itself/ }],
  ],
])('with %s it names the field and what to do', (_, json, expected: readonly { path: string; message?: RegExp }[]) => {
  expect(problemsOf(json)).toEqual(
    expected.map(({ path, message = /./ }) => ({ path, message: expect.stringMatching(message) })),
  );
});

test('every problem is told at once, and where', () => {
  const json = {
    ...smallest,
    version: '1',
    engines: { hotswap: '*' },
    hotswap: { limits: { callTimeout: 'x', maxBody: 'y' } },
  };
  expect(problemsOf(json)).toHaveLength(4);
  expect(() => readManifest(json, '/plugins/greeter/package.json')).toThrow('/plugins/greeter/package.json');
});

test('a scoped name, a prerelease and build metadata are fine', () => {
  const json = { ...smallest, name: '@acme/greeter', version: '2.0.0-beta.1+sha.5' };
  expect(readManifest(json, 'x')).toMatchObject({ name: '@acme/greeter', version: '2.0.0-beta.1+sha.5' });
});

test('a range without this HotSwap is a conflict of its own', () => {
  expect(() => readManifest({ ...smallest, engines: { hotswap: '^9.0.0' } }, 'x')).toThrow(
    expect.objectContaining({
      code: 'ENGINE_UNSATISFIED',
      kind: 'conflict',
      details: { plugin: 'greeter', range: '^9.0.0', running: '1.0.0', where: 'x' },
    }),
  );
});

function problemsOf(json: unknown): readonly ManifestProblem[] {
  try {
    readManifest(json, 'x');
    return [];
  } catch (error) {
    expect(error).toMatchObject({ code: 'MANIFEST_INVALID' });
    return (error as { details: { problems: readonly ManifestProblem[] } }).details.problems;
  }
}
