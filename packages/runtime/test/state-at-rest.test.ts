import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PluginHistory } from '@hotswap/runtime';
import type { PluginDefinition } from '@hotswap/sdk';
import { createFakeClock } from '@hotswap/test-kit';
import { describe, expect, it } from 'vitest';
import { parseRuntimeConfig } from '../src/config/runtime-config.ts';
import { inMemory, pluginFiles, type RunningRuntime, run, temporaryFolder, write } from './running-runtime.ts';

/** Counts, and gives its count as state. `start(ctx)` is given the state as its second argument. */
const counting = `
  let count = arguments[1]?.count ?? 0;
  ctx.http.post('/count', () => new Response(String(++count)));
  return { exportState: () => ({ count }) };`;
const stateful = { swap: 'exclusive', stateVersion: 1 };

const withoutEngine = `[plugins.security]
verifySignatures = false
[plugins.security.container]
engine = ["/nowhere/podman"]
`;

async function place() {
  const folder = await temporaryFolder();
  const [plugins, data, elsewhere] = ['plugins', 'data', 'elsewhere'].map((name) => join(folder.path, name));
  await write(plugins!, pluginFiles('counter', counting, stateful));
  await write(elsewhere!, pluginFiles('counter', counting, { ...stateful, version: '2.0.0' }));
  return { folder, plugins: plugins!, data: data!, next: join(elsewhere!, 'counter') };
}

const count = async (host: RunningRuntime): Promise<string> => (await host.get('/count', { method: 'POST' }))[1];
const brief = ({ changes }: PluginHistory) =>
  changes.map(({ operation, from, to, actor, reason, outcome }) => [operation, from, to, actor, reason, outcome]);

describe('the state of a plugin', () => {
  it('is there again after a restart, after a reload, and after it was disabled', async () => {
    const { folder, plugins, data } = await place();
    await using _ = folder;
    {
      await using host = await run({ plugins, data });
      expect(await count(host)).toBe('1');
      await host.runtime.reload('counter');
      expect(await count(host)).toBe('2');
      await host.runtime.disable('counter');
      await host.runtime.enable('counter');
      expect(await count(host)).toBe('3');
    }
    await using host = await run({ plugins, data });
    expect(await count(host)).toBe('4');
  });

  it('is there again when it is unloaded and loaded, also without a data folder', async () => {
    const { folder, plugins } = await place();
    await using _ = folder;
    await using host = await run({ plugins });
    await count(host);
    await host.runtime.unload('counter');
    await host.runtime.load(join(plugins, 'counter'));
    expect(await count(host)).toBe('2');
  });

  it('is kept at its interval once the plugin has answered something, and status says since when', async () => {
    const { folder, plugins, data } = await place();
    await using _ = folder;
    const clock = createFakeClock();
    await using host = await run({ plugins, data, clock, limits: { snapshotIntervalMs: 1_000 } });
    await clock.advance(1_000);
    expect(host.status('counter').savedState).toBeUndefined();
    await count(host);
    await clock.advance(1_000);
    await expect.poll(() => host.status('counter').savedState?.savedAt).toBeGreaterThan(0);
    const files = async () => (await readdir(join(data, 'state', 'counter'))).filter((name) => name.endsWith('.state'));
    expect(await files()).toEqual([expect.stringMatching(/^\d+-interval\.state$/)]);
    await clock.advance(5_000);
    expect(await files()).toHaveLength(1);
  });

  it('is there again when the thread of the plugin has crashed, as it was kept last', async () => {
    await using folder = await temporaryFolder();
    const crashing = `ctx.http.get('/end', () => { for (;;); }); ${counting}`;
    const manifest = { ...stateful, isolation: 'strict', limits: { callTimeout: '150ms' } };
    await write(folder.path, pluginFiles('counter', crashing, manifest));
    const clock = createFakeClock();
    await using host = await run({ plugins: folder.path, clock, limits: { spares: 0, snapshotIntervalMs: 500 } });
    expect([await count(host), await count(host)]).toEqual(['1', '2']);
    await clock.advance(500);
    await expect.poll(() => host.status('counter').savedState?.savedAt).toBeGreaterThan(0);
    expect(await count(host)).toBe('3');
    await host.get('/end');
    await expect.poll(() => host.status('counter').state).toBe('failed');
    await clock.advance(1_000);
    await expect.poll(() => host.status('counter').state).toBe('active');
    expect(await count(host)).toBe('3');
    const { changes } = host.runtime.pluginHistory('counter');
    expect(changes.at(-1)).toMatchObject({ operation: 'restart', actor: 'recovery', outcome: 'swapped' });
  });

  it('of an interval is dropped when the plugin has changed hands before it was given', async () => {
    const { folder, data } = await place();
    await using _ = folder;
    const late = Promise.withResolvers<void>();
    let exports = 0;
    const definition: PluginDefinition<never> = {
      swap: 'exclusive',
      state: { version: 1 },
      start(ctx, state) {
        let { count: held } = (state ?? { count: 0 }) as { count: number };
        ctx.http.post('/count', () => new Response(String(++held)));
        const exportState = async () => {
          const taken = { count: held };
          if (++exports === 1) await late.promise;
          return taken;
        };
        return { exportState };
      },
    };
    const clock = createFakeClock();
    await using host = await run({ data, clock, limits: { snapshotIntervalMs: 1_000 } });
    await host.runtime.load(inMemory('counter', definition));
    await count(host);
    await clock.advance(1_000);
    expect(exports).toBe(1);
    await count(host);
    expect(await host.runtime.swap('counter', inMemory('counter', definition))).toMatchObject({ outcome: 'swapped' });
    late.resolve();
    expect(await count(host)).toBe('3');
    await host.runtime.close();
    const files = await readdir(join(data, 'state', 'counter'));
    expect(files.filter((name) => name.includes('interval'))).toEqual([]);
  });

  it('is not kept at intervals if the operator does not want it', async () => {
    const { folder, plugins, data } = await place();
    await using _ = folder;
    const clock = createFakeClock();
    await using host = await run({ plugins, data, clock, limits: { snapshotIntervalMs: 0 } });
    await count(host);
    await clock.advance(100_000);
    expect(host.status('counter').savedState).toBeUndefined();
  });

  it('that cannot be saved is told in log and status, and the swap goes on and loses nothing', async () => {
    const { folder, plugins, data, next } = await place();
    await using _ = folder;
    await using host = await run({ plugins, data });
    await count(host);
    // Whatever was under way is written; nothing makes the folder anew by chance.
    await expect.poll(() => readdir(join(data, 'state', 'counter'))).toEqual(['history.json']);
    await rm(join(data, 'state'), { recursive: true, force: true });
    await writeFile(join(data, 'state'), 'no folder');
    expect(await host.runtime.swap('counter', next)).toMatchObject({ outcome: 'swapped' });
    expect(await count(host)).toBe('2');
    await expect.poll(() => host.status('counter').savedState?.problem?.code).toBe('STATE_NOT_SAVED');
    const told = host.lines.filter(({ fields }) => fields['code'] === 'STATE_NOT_SAVED');
    expect(told).toMatchObject([{ level: 'error', message: expect.stringContaining('counter') }]);
    await expect.poll(() => host.lines.map(({ fields }) => fields['code'])).toContain('HISTORY_NOT_SAVED');
    expect(host.status('counter').snapshots).toMatchObject([{ version: '1.0.0', hasState: true }]);
  });

  it('that is damaged is skipped for the one before it', async () => {
    const { folder, plugins, data, next } = await place();
    await using _ = folder;
    {
      await using host = await run({ plugins, data });
      await count(host);
      await host.runtime.swap('counter', next);
      await count(host);
    }
    const states = (await readdir(join(data, 'state', 'counter'))).filter((name) => name.endsWith('.state')).toSorted();
    await writeFile(join(data, 'state', 'counter', states.at(-1)!), 'damaged');
    await using host = await run({ plugins, data });
    expect(await count(host)).toBe('2');
    expect(host.lines.map(({ fields }) => fields['code'])).toContain('STATE_CORRUPT');
  });

  it('that cannot be read keeps the plugin from starting at zero and writing over it', async () => {
    const { folder, plugins, data } = await place();
    await using _ = folder;
    {
      await using host = await run({ plugins, data });
      await count(host);
    }
    const [state] = (await readdir(join(data, 'state', 'counter'))).filter((name) => name.endsWith('.state'));
    await rm(join(data, 'state', 'counter', state!));
    await mkdir(join(data, 'state', 'counter', state!));
    await using host = await run({ plugins, data });
    expect(host.status('counter')).toMatchObject({ state: 'failed', reason: { code: 'STATE_UNREADABLE' } });
  });
});

describe('the history of a plugin', () => {
  it('says who changed what and why, refusals too', async () => {
    const { folder, plugins, next } = await place();
    await using _ = folder;
    await using host = await run({ plugins });
    await host.runtime.swap('counter', next, { actor: 'ada', reason: 'two is better' });
    await host.runtime.swap('counter', join(next, 'nowhere'), { actor: 'bob' });
    await host.runtime.promote('counter', 'none', { actor: 'ada', reason: 'it is ours' });
    const history = host.runtime.pluginHistory('counter');
    expect(brief(history)).toEqual([
      ['load', undefined, 1, 'start-up', 'load', 'swapped'],
      ['swap', 1, 2, 'ada', 'two is better', 'swapped'],
      ['swap', 2, 2, 'bob', 'swap', 'kept'],
      ['promote', 2, 3, 'ada', 'it is ours', 'swapped'],
    ]);
    expect(history.changes[1]).toMatchObject({ fromVersion: '1.0.0', toVersion: '2.0.0' });
    expect(history.changes[2]).toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    expect(history.snapshots).toMatchObject([
      { version: '1.0.0', operation: 'swap', actor: 'ada', reason: 'two is better', hasState: true },
      { version: '2.0.0', operation: 'promote', actor: 'ada', reason: 'it is ours', hasState: true },
    ]);
    expect(() => host.runtime.pluginHistory('nobody')).toThrow(expect.objectContaining({ code: 'PLUGIN_UNKNOWN' }));
  });

  it('has the return that a watch made by itself', async () => {
    await using folder = await temporaryFolder();
    const answer = (body: string) => `ctx.http.get('/', () => { ${body} });`;
    await write(join(folder.path, 'plugins'), pluginFiles('web', answer("return new Response('fine');")));
    await write(join(folder.path, 'elsewhere'), pluginFiles('web', answer("throw new Error('bad');")));
    await using host = await run({
      plugins: join(folder.path, 'plugins'),
      limits: { probationMs: 60_000, probeMs: 5 },
    });
    await host.runtime.swap('web', join(folder.path, 'elsewhere', 'web'), { wait: 'published' });
    await expect
      .poll(async () => (await host.get('/'), host.runtime.pluginHistory('web').changes.at(-1)), {
        interval: 1,
        timeout: 10_000,
      })
      .toMatchObject({ operation: 'rollback', from: 2, to: 1, actor: 'watch', reason: 'error-rate' });
  });

  it('outlives a restart and an unload, and generations count on', async () => {
    const { folder, plugins, data, next } = await place();
    await using _ = folder;
    {
      await using host = await run({ plugins, data });
      await host.runtime.swap('counter', next, { actor: 'ada', reason: 'two' });
    }
    await using host = await run({ plugins, data });
    await host.runtime.unload('counter', { actor: 'bob' });
    expect(brief(host.runtime.pluginHistory('counter'))).toEqual([
      ['load', undefined, 1, 'start-up', 'load', 'swapped'],
      ['swap', 1, 2, 'ada', 'two', 'swapped'],
      ['load', undefined, 3, 'start-up', 'load', 'swapped'],
      ['unload', 3, undefined, 'bob', 'unload', 'unloaded'],
    ]);
  });

  it('leads back after a restart, with the state as it is now', async () => {
    const { folder, plugins, data, next } = await place();
    await using _ = folder;
    {
      await using host = await run({ plugins, data });
      await count(host);
      await host.runtime.swap('counter', next);
      await count(host);
    }
    await using host = await run({ plugins, data });
    expect(host.status('counter').version).toBe('2.0.0');
    expect(await host.runtime.rollback('counter')).toMatchObject({ outcome: 'swapped' });
    expect(host.status('counter').version).toBe('1.0.0');
    expect(await count(host)).toBe('3');
  });

  it('keeps the state of every snapshot there is, through swaps, rollbacks and endings', async () => {
    const { folder, plugins, data, next } = await place();
    await using _ = folder;
    await using host = await run({ plugins, data, limits: { maxSnapshots: 3 } });
    for (let round = 0; round < 5; round++) await host.runtime.swap('counter', next);
    await host.runtime.rollback('counter');
    for (let round = 0; round < 4; round++) {
      await host.runtime.disable('counter');
      await host.runtime.enable('counter');
    }
    const snapshots = host.status('counter').snapshots;
    expect(snapshots.map(({ generation, hasState }) => [generation, hasState])).toEqual([
      [3, true],
      [4, true],
    ]);
    await host.runtime.close();
    const kept = (await readdir(join(data, 'state', 'counter'))).filter((name) => name.endsWith('.state'));
    const history = JSON.parse(await readFile(join(data, 'state', 'counter', 'history.json'), 'utf8'));
    const wanted: string[] = history.snapshots.map(({ state }: { state: { id: string } }) => `${state.id}.state`);
    expect(kept).toEqual(expect.arrayContaining(wanted));
    expect(kept).toHaveLength(wanted.length + 2);
  });

  it('refuses to lead back to a source that is something else by now, or gone', async () => {
    const { folder, plugins, data, next } = await place();
    await using _ = folder;
    {
      await using host = await run({ plugins, data });
      await host.runtime.swap('counter', next);
    }
    await write(plugins, pluginFiles('counter', counting, { ...stateful, version: '1.0.1' }));
    await using host = await run({ plugins, data });
    const problem = { code: 'SNAPSHOT_SOURCE_CHANGED', message: expect.stringContaining('1.0.1') };
    await expect(host.runtime.rollback('counter')).rejects.toMatchObject(problem);
    await rm(join(plugins, 'counter'), { recursive: true });
    await expect(host.runtime.rollback('counter')).rejects.toMatchObject({ code: 'SNAPSHOT_SOURCE_CHANGED' });
    expect(host.status('counter')).toMatchObject({ state: 'active', version: '2.0.0' });
  });

  it('never holds a secret on disk, and goes back with the one of today', async () => {
    await using folder = await temporaryFolder();
    const [plugins, data] = [join(folder.path, 'plugins'), join(folder.path, 'data')];
    const secret = { type: 'string', secret: true };
    const config = { type: 'object', properties: { key: secret, name: secret, size: { type: 'number' } } };
    const showing = "ctx.http.get('/', () => Response.json(ctx.config));";
    await write(plugins, pluginFiles('vault', showing, { config }));
    const secrets = { greeting: 'from the host' };
    {
      await using host = await run({ plugins, data, secrets });
      await host.runtime.configure('vault', { key: 'hunter2', name: 'secret:greeting', size: 1 });
      await host.runtime.configure('vault', { key: 'hunter2', name: 'secret:greeting', size: 2 });
    }
    const text = await readFile(join(data, 'state', 'vault', 'history.json'), 'utf8');
    expect(text).not.toMatch(/hunter2|from the host/);
    expect(text).toMatch(/secret:greeting/);
    await using host = await run({ plugins, data, secrets });
    await host.runtime.rollback('vault');
    expect(JSON.parse((await host.get('/'))[1])).toEqual({ key: 'hunter2', name: 'from the host', size: 1 });
  });

  it('that is damaged is put aside, and the plugin runs', async () => {
    const { folder, plugins, data } = await place();
    await using _ = folder;
    await write(join(data, 'state', 'counter'), { 'history.json': '{"format":1,"snapshots":[{}],"changes":[]}' });
    await using host = await run({ plugins, data });
    expect(host.status('counter')).toMatchObject({ state: 'active', snapshots: [] });
    expect(host.lines.map(({ message }) => message)).toContain(
      'the history of a plugin cannot be used; it begins anew',
    );
    expect(await readdir(join(data, 'state', 'counter'))).toContain('history.json.corrupt');
  });
});

describe('promote', () => {
  it.each(['none', 'strict', 'basic'] as const)(
    'to %s takes the state along and holds over a restart',
    async (level) => {
      const { folder, plugins, data } = await place();
      await using _ = folder;
      {
        await using host = await run({ plugins, data, ...(level === 'basic' && { isolation: 'none' }) });
        await count(host);
        const report = await host.runtime.promote('counter', level, { actor: 'ada' });
        expect(report).toMatchObject({ operation: 'promote', outcome: 'swapped', from: 1, to: 2 });
        expect(host.status('counter').isolation).toBe(level);
        expect(await count(host)).toBe('2');
      }
      await using host = await run({ plugins, data });
      expect(host.status('counter').isolation).toBe(level);
      expect(await count(host)).toBe('3');
    },
  );

  it('is taken back by a rollback, also over a restart', async () => {
    const { folder, plugins, data } = await place();
    await using _ = folder;
    {
      await using host = await run({ plugins, data });
      await host.runtime.promote('counter', 'none');
      await host.runtime.rollback('counter');
      expect(host.status('counter').isolation).toBe('basic');
    }
    await using host = await run({ plugins, data });
    expect(host.status('counter').isolation).toBe('basic');
  });

  it('drops no request of a plugin without state either', async () => {
    await using folder = await temporaryFolder();
    await write(folder.path, pluginFiles('web', "ctx.http.get('/', () => new Response('fine'));"));
    await using host = await run({ plugins: folder.path });
    await host.runtime.promote('web', 'none');
    expect([await host.get('/'), host.status('web').isolation]).toEqual([[200, 'fine'], 'none']);
  });

  it('to a level that is not to be had, or that it has already, is refused and changes nothing', async () => {
    const { folder, plugins, data } = await place();
    await using _ = folder;
    const config = parseRuntimeConfig(withoutEngine, {
      format: 'toml',
      file: 'hotswap.toml',
      env: {},
      cwd: '/',
    }).config;
    await using host = await run({ plugins, data, config });
    await count(host);
    const unavailable = { outcome: 'kept', reason: { code: 'CONTAINER_UNAVAILABLE' } };
    expect(await host.runtime.promote('counter', 'container')).toMatchObject(unavailable);
    await expect(host.runtime.promote('counter', 'basic')).rejects.toMatchObject({ code: 'ISOLATION_UNCHANGED' });
    expect(host.status('counter')).toMatchObject({ isolation: 'basic', generation: 1 });
    expect(await count(host)).toBe('2');
  });
});
