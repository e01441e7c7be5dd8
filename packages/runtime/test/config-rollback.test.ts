import { definePlugin, type PluginDefinition } from '@hotswap/sdk';
import { expect, it } from 'vitest';
import { run } from './running-runtime.ts';

/** Answers its label and its config; takes a new config in place unless that says otherwise. */
const wordy = (label: string): PluginDefinition<{ readonly word: string; readonly swap?: boolean }> =>
  definePlugin({
    start(ctx) {
      let { word } = ctx.config;
      ctx.http.get('/word', () => new Response(`${label} ${word}`));
      return {
        configure: (next) => {
          if (next.swap === true || word === 'stuck') return 'swap';
          word = next.word;
        },
      };
    },
  });
const plugin = (label: string) => ({ name: 'wordy', definition: wordy(label) });

it('goes back to the config before, one change at a time, and only then to the version before', async () => {
  await using host = await run({ limits: { probationMs: 60_000 } });
  await host.runtime.load(plugin('one'), { config: { word: 'first' } });
  await host.runtime.swap('wordy', plugin('two'));
  await host.runtime.configure('wordy', { word: 'second' });
  await host.runtime.configure('wordy', { word: 'third' });
  expect(await host.get('/word')).toEqual([200, 'two third']);
  expect(await host.runtime.rollback('wordy')).toMatchObject({ outcome: 'configured', operation: 'rollback' });
  expect(await host.get('/word')).toEqual([200, 'two second']);
  expect((await host.runtime.rollback('wordy')).outcome).toBe('configured');
  expect(await host.get('/word')).toEqual([200, 'two first']);
  expect(await host.runtime.rollback('wordy')).toMatchObject({ outcome: 'swapped', from: 2, to: 1 });
  expect(await host.get('/word')).toEqual([200, 'one first']);
  await expect(host.runtime.rollback('wordy')).rejects.toMatchObject({ code: 'SNAPSHOT_MISSING' });
});

it('swaps back to a config that the plugin does not take in place', async () => {
  await using host = await run();
  await host.runtime.load(plugin('one'), { config: { word: 'first' } });
  await host.runtime.configure('wordy', { word: 'stuck' });
  expect(await host.runtime.rollback('wordy')).toMatchObject({ outcome: 'swapped', from: 1, to: 2 });
  expect(await host.get('/word')).toEqual([200, 'one first']);
  await expect(host.runtime.rollback('wordy')).rejects.toMatchObject({ code: 'SNAPSHOT_MISSING' });
});

it('says who changed the config and why', async () => {
  await using host = await run();
  await host.runtime.load(plugin('one'), { config: { word: 'first' } });
  await host.runtime.configure('wordy', { word: 'second' }, { actor: 'ada', reason: 'a better word' });
  expect(host.status('wordy').snapshots).toMatchObject([{ generation: 1, actor: 'ada', reason: 'a better word' }]);
});
