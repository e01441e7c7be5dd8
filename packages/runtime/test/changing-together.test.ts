import { expect, it } from 'vitest';
import { parseRuntimeConfig, type RuntimeConfig } from '@hotswap/runtime';
import { pluginFiles, run, temporaryFolder, write } from './running-runtime.ts';

/** Answers on its own path, and stands in front of the other one's. */
const standing = (name: string, other: string) =>
  pluginFiles(
    name,
    `ctx.http.use({ paths: ['/${other}'] }, async (request, next) => {
       if (request.headers.has('x-hold')) await globalThis.hotswapTestHold();
       return next(request);
     });
     ctx.http.get('/${name}', () => new Response('${name} ' + ctx.config.word));`,
    { swap: 'exclusive' },
  );

function configOf(folder: string, word: string): RuntimeConfig {
  const security = '[plugins.security]\nallowUnsigned = true\n';
  const entries = ['a', 'b'].map((name) => `[plugins.${name}]\nsource = "./${name}"\nconfig.word = "${word}"\n`);
  const options = { format: 'toml', file: `${folder}/hotswap.toml`, env: {}, cwd: folder } as const;
  return parseRuntimeConfig(security + entries.join(''), options).config;
}

it('exclusive plugins of one change are empty before the first one stops, so that a request on its way from one to the other ends', async () => {
  const entered = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  Reflect.set(globalThis, 'hotswapTestHold', () => (entered.resolve(), held.promise));
  await using folder = await temporaryFolder();
  await write(folder.path, { ...standing('a', 'b'), ...standing('b', 'a') });
  await using host = await run({ config: configOf(folder.path, 'old'), limits: { parkTimeoutMs: 2_000 } });
  // In the middleware of b, on its way to a: it comes to a's gate while both are parked.
  const crossing = host.get('/a', { headers: { 'x-hold': '1' } });
  await entered.promise;
  const changing = host.runtime.updateConfig(configOf(folder.path, 'new'));
  for (const name of ['a', 'b']) await expect.poll(() => host.status(name).gate, { interval: 1 }).toBe('parked');
  const waiting = Promise.all([host.get('/a'), host.get('/b')]);
  held.resolve();
  expect(await crossing).toEqual([200, 'a old']);
  expect(await waiting).toEqual([
    [200, 'a new'],
    [200, 'b new'],
  ]);
  const { reports } = await changing;
  expect(reports.map(({ outcome, cancelled }) => [outcome, cancelled])).toEqual([
    ['swapped', 0],
    ['swapped', 0],
  ]);
  Reflect.deleteProperty(globalThis, 'hotswapTestHold');
});
