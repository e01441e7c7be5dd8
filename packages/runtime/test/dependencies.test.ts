import { describe, expect, it } from 'vitest';
import { createRuntime, parseRuntimeConfig } from '@hotswap/runtime';
import { answering, inMemory, pluginFiles, run, temporaryFolder, write } from './running-runtime.ts';

const started = (name: string): string => `(globalThis.hotswapStarted ??= []).push('${name}');`;
const startedNames = (): string[] => {
  const names = (globalThis as { hotswapStarted?: string[] }).hotswapStarted ?? [];
  (globalThis as { hotswapStarted?: string[] }).hotswapStarted = [];
  return names;
};
const needing = (...names: readonly string[]) => ({
  dependencies: Object.fromEntries(names.map((name) => [name, '^1.0.0'])),
});

describe('at start-up', () => {
  it('plugins start after what they need', async () => {
    await using folder = await temporaryFolder();
    await write(folder.path, {
      ...pluginFiles('app', started('app'), needing('cache', 'log')),
      ...pluginFiles('cache', started('cache'), needing('log')),
      ...pluginFiles('log', started('log')),
    });
    startedNames();
    await using host = await run({ plugins: folder.path });
    expect(startedNames()).toEqual(['log', 'cache', 'app']);
    expect(host.status('log').dependents.toSorted()).toEqual(['app', 'cache']);
    expect(host.status('app').dependencies).toEqual(['cache', 'log']);
  });

  it('one bad plugin is failed with its reason; the others run', async () => {
    await using folder = await temporaryFolder();
    await write(folder.path, {
      ...pluginFiles('good', `ctx.http.get('/good', () => new Response('good'))`),
      ...pluginFiles('throws', `throw new Error('no')`),
      ...pluginFiles('hangs', `return new Promise(() => {})`),
      ...pluginFiles('unparsable', `let let`),
      ...pluginFiles('lonely', '', needing('nobody')),
      ...pluginFiles('needs-throws', '', needing('throws')),
      ...pluginFiles('egg', '', needing('hen')),
      ...pluginFiles('hen', '', needing('egg')),
      ...pluginFiles('old-fashioned', '', { dependencies: { good: '^0.1.0' } }),
      'broken/package.json': '{',
    });
    await using host = await run({ plugins: folder.path, limits: { loadTimeoutMs: 500 } });
    expect(await host.get('/good')).toEqual([200, 'good']);
    const states = Object.fromEntries(
      host.runtime.status().plugins.map(({ name, state, reason }) => [name, [state, reason?.code]]),
    );
    expect(states).toMatchObject({
      good: ['active', undefined],
      throws: ['failed', 'PLUGIN_START_FAILED'],
      hangs: ['failed', 'PLUGIN_PHASE_TIMED_OUT'],
      unparsable: ['failed', 'BUILD_FAILED'],
      egg: ['failed', 'DEPENDENCY_CYCLE'],
      hen: ['failed', 'DEPENDENCY_CYCLE'],
      'old-fashioned': ['failed', 'DEPENDENCY_UNSATISFIED'],
      broken: ['failed', 'MANIFEST_INVALID'],
    });
    for (const plugin of ['throws', 'hangs', 'unparsable', 'egg', 'hen', 'old-fashioned', 'broken']) {
      expect(host.transitions).toContainEqual({ plugin, from: 'loading', to: 'failed' });
    }
    expect(host.status('egg').reason?.message).toMatch(/egg.*hen|hen.*egg/);
    expect(host.status('lonely').reason?.message).toContain('nobody');
    expect(host.status('needs-throws').reason?.message).toContain('throws');
    expect(['loading', 'failed']).toContain(host.status('lonely').state);
    expect(['loading', 'failed']).toContain(host.status('needs-throws').state);
  });

  it('a dependency that may be missing is not waited for', async () => {
    await using folder = await temporaryFolder();
    await write(
      folder.path,
      pluginFiles('app', '', { dependencies: { extra: { version: '^1.0.0', optional: true } } }),
    );
    await using host = await run({ plugins: folder.path });
    expect(host.status('app').state).toBe('active');
  });

  it('an entry of loadOrder that is neither a plugin nor a kind is an error', async () => {
    await using folder = await temporaryFolder();
    await write(folder.path, pluginFiles('app', ''));
    const text = '[plugins]\nloadOrder = ["ap"]\n[plugins.security]\nallowUnsigned = true\n';
    const { config } = parseRuntimeConfig(text, { format: 'toml', file: 'hotswap.toml', env: {}, cwd: folder.path });
    const runtime = createRuntime({ config, plugins: folder.path, environment: {}, guardProcess: false });
    await expect(runtime.start()).rejects.toMatchObject({ code: 'LOAD_ORDER_UNKNOWN' });
    await runtime.close();
  });

  it('a folder that is not there is an error when it was asked for', async () => {
    await expect(run({ plugins: '/nowhere/at/all' })).rejects.toMatchObject({ code: 'PLUGIN_DIRECTORY_UNREADABLE' });
  });
});

describe('while running', () => {
  it('a plugin that others need is neither unloaded nor disabled, and is told who needs it', async () => {
    await using host = await run();
    await host.runtime.load(answering('base', 'base'));
    await host.runtime.load(answering('one', '1', needing('base')));
    await host.runtime.load(answering('two', '2', needing('base')));
    const refused = { code: 'PLUGIN_HAS_DEPENDENTS', details: { dependents: 'one, two' } };
    await expect(host.runtime.unload('base')).rejects.toMatchObject(refused);
    await expect(host.runtime.disable('base')).rejects.toMatchObject(refused);
    expect(await host.get('/base')).toEqual([200, 'base']);
  });

  it('a cascade unloads dependents first', async () => {
    await using host = await run();
    const stopped: string[] = [];
    const leaving = (name: string, needs: object) =>
      inMemory(name, { start: () => ({ stop: async () => void stopped.push(name) }) }, { ...needs });
    await host.runtime.load(leaving('base', {}));
    await host.runtime.load(leaving('middle', needing('base')));
    await host.runtime.load(leaving('top', needing('middle')));
    const report = await host.runtime.unload('base', { cascade: true });
    expect(report).toMatchObject({ plugin: 'base', outcome: 'unloaded' });
    expect(stopped).toEqual(['top', 'middle', 'base']);
    expect(host.runtime.status().plugins).toEqual([]);
  });

  it('a plugin that lacks another says so, and starts when that one comes', async () => {
    await using host = await run();
    const report = await host.runtime.load(answering('app', 'app', needing('base')));
    expect(report).toMatchObject({ outcome: 'failed', reason: { code: 'DEPENDENCY_INACTIVE' } });
    await host.runtime.load(answering('base', 'base'));
    await expect.poll(() => host.status('app').state).toBe('active');
    expect(await host.get('/app')).toEqual([200, 'app']);
  });

  it('shut-down stops dependents before what they need', async () => {
    const host = await run();
    const stopped: string[] = [];
    const leaving = (name: string, needs: object) =>
      inMemory(name, { start: () => ({ stop: async () => void stopped.push(name) }) }, { ...needs });
    await host.runtime.load(leaving('base', {}));
    await host.runtime.load(leaving('top', needing('base')));
    await host.runtime.close();
    expect(stopped).toEqual(['top', 'base']);
  });
});
