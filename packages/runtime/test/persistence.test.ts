import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { answering, pluginFiles, run, temporaryFolder, write } from './running-runtime.ts';

const answers = (name: string, text: string): string =>
  `ctx.http.get('/${name}', () => new Response('${text} ' + JSON.stringify(ctx.config)))`;

/** A folder with plugins, one of data, and one with plugins that nobody loads by himself. */
async function places(folder: string) {
  const [plugins, data, elsewhere] = [join(folder, 'plugins'), join(folder, 'data'), join(folder, 'elsewhere')];
  await write(plugins, { ...pluginFiles('one', answers('one', 'one')), ...pluginFiles('two', answers('two', 'two')) });
  await write(elsewhere, {
    ...pluginFiles('extra', answers('extra', 'extra')),
    ...pluginFiles('one', answers('one', 'other')),
  });
  return { plugins, data, elsewhere };
}

describe('after a restart', () => {
  it('plugins and configs that came by the API are back', async () => {
    await using folder = await temporaryFolder();
    const { plugins, data, elsewhere } = await places(folder.path);
    {
      await using host = await run({ plugins, data });
      await host.runtime.load(join(elsewhere, 'extra'), { config: { depth: 3 } });
      await host.runtime.configure('two', { size: 'large' });
    }
    await using host = await run({ plugins, data });
    expect(await host.get('/one')).toEqual([200, 'one {}']);
    expect(await host.get('/extra')).toEqual([200, 'extra {"depth":3}']);
    expect(await host.get('/two')).toEqual([200, 'two {"size":"large"}']);
    expect(host.status('two').configSource).toBe('api');
  });

  it('unloaded plugins stay unloaded, disabled ones disabled, until the operator says otherwise', async () => {
    await using folder = await temporaryFolder();
    const { plugins, data } = await places(folder.path);
    {
      await using host = await run({ plugins, data });
      await host.runtime.unload('one');
      await host.runtime.disable('two');
    }
    {
      await using host = await run({ plugins, data });
      expect(host.runtime.status().plugins.map(({ name, state }) => [name, state])).toEqual([['two', 'disabled']]);
      await host.runtime.enable('two');
      await host.runtime.load(join(plugins, 'one'));
    }
    await using host = await run({ plugins, data });
    expect(host.runtime.status().plugins.map(({ state }) => state)).toEqual(['active', 'active']);
  });

  it('a swap and a rollback by the operator hold', async () => {
    await using folder = await temporaryFolder();
    const { plugins, data, elsewhere } = await places(folder.path);
    {
      await using host = await run({ plugins, data });
      await host.runtime.swap('one', join(elsewhere, 'one'));
    }
    {
      await using host = await run({ plugins, data });
      expect(await host.get('/one')).toEqual([200, 'other {}']);
      await host.runtime.swap('one', join(plugins, 'one'));
      await host.runtime.rollback('one');
    }
    await using host = await run({ plugins, data });
    expect(await host.get('/one')).toEqual([200, 'other {}']);
  });

  it('a change that was refused or vetoed has left nothing', async () => {
    await using folder = await temporaryFolder();
    const { plugins, data } = await places(folder.path);
    {
      let isClosed = false;
      const before = (): void => {
        if (isClosed) throw new Error('closed');
      };
      await using host = await run({ plugins, data, hooks: { before } });
      expect((await host.runtime.swap('one', join(plugins, 'two'))).outcome).toBe('kept');
      isClosed = true;
      await expect(host.runtime.unload('one')).rejects.toMatchObject({ code: 'TRANSITION_VETOED' });
      await expect(host.runtime.disable('two')).rejects.toMatchObject({ code: 'TRANSITION_VETOED' });
    }
    await using host = await run({ plugins, data });
    expect(host.runtime.status().plugins.map(({ state }) => state)).toEqual(['active', 'active']);
    expect(await host.get('/one')).toEqual([200, 'one {}']);
  });

  it('what plugins stored is still there', async () => {
    await using folder = await temporaryFolder();
    const { data } = await places(folder.path);
    const counting = {
      name: 'counter',
      definition: {
        start: (ctx: Parameters<ReturnType<typeof answering>['definition']['start']>[0]) =>
          ctx.http.post('/count', async () => {
            await ctx.storage.transaction(async (tx) => tx.set('n', ((await tx.get<number>('n')) ?? 0) + 1));
            return Response.json(await ctx.storage.get('n'));
          }),
      },
    };
    for (const expected of ['1', '2']) {
      await using host = await run({ data });
      await host.runtime.load(counting);
      expect(await host.get('/count', { method: 'POST' })).toEqual([200, expected]);
    }
  });

  it('a plugin that lived in memory alone is not looked for', async () => {
    await using folder = await temporaryFolder();
    const { data } = await places(folder.path);
    {
      await using host = await run({ data });
      await host.runtime.load(answering('memory', 'here'));
    }
    await using host = await run({ data });
    expect(host.runtime.status().plugins).toEqual([]);
  });

  it('a version that the watch returned from does not come back', async () => {
    await using folder = await temporaryFolder();
    const { plugins, data, elsewhere } = await places(folder.path);
    await write(elsewhere, pluginFiles('one', `ctx.http.get('/one', () => new Response('bad', { status: 500 }))`));
    {
      await using host = await run({ plugins, data, limits: { probationMs: 60_000 }, watchRules: { minRequests: 3 } });
      await host.runtime.swap('one', join(elsewhere, 'one'), { wait: 'published' });
      for (let request = 0; request < 3; request++) await host.get('/one');
      expect(await host.get('/one')).toEqual([200, 'one {}']);
    }
    await using host = await run({ plugins, data });
    expect(await host.get('/one')).toEqual([200, 'one {}']);
  });

  it('a plugin that was loaded by its address, with a space in it, is back', async () => {
    await using folder = await temporaryFolder();
    const { plugins, data } = await places(folder.path);
    const place = join(folder.path, 'far away');
    await write(place, pluginFiles('extra', answers('extra', 'extra')));
    {
      await using host = await run({ plugins, data });
      expect((await host.runtime.load(pathToFileURL(join(place, 'extra')))).outcome).toBe('swapped');
    }
    await using host = await run({ plugins, data });
    expect(await host.get('/extra')).toEqual([200, 'extra {}']);
  });
});
