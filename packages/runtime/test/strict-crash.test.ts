import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run, temporaryFolder, write } from './running-runtime.ts';

const manifest = (version: string): string =>
  JSON.stringify({
    name: 'shop',
    version,
    type: 'module',
    main: './index.js',
    engines: { hotswap: '^1.0.0' },
    hotswap: { isolation: 'strict' },
  });

/** `/boom` keeps its thread busy for a while, so that others wait unread, and then ends it. */
const shop = (label: string): string => `
export default {
  start(ctx) {
    ctx.http.get('/name', () => new Response('${label}'));
    ctx.http.get('/boom', () => {
      const end = Date.now() + 150;
      while (Date.now() < end);
      process.reallyExit(3);
    });
  },
};`;

it('a crash fails the request that was begun; those that were not are served by the generation before', async () => {
  await using folder = await temporaryFolder();
  for (const version of ['1.0.0', '2.0.0']) {
    await write(join(folder.path, version), { 'package.json': manifest(version), 'index.js': shop(version) });
  }
  await using host = await run({ limits: { probationMs: 60_000 } });
  await host.runtime.load(join(folder.path, '1.0.0'));
  expect((await host.runtime.swap('shop', join(folder.path, '2.0.0'))).outcome).toBe('swapped');
  expect(await host.get('/name')).toEqual([200, '2.0.0']);
  const begun = host.get('/boom');
  const waiting = Promise.all(Array.from({ length: 20 }, () => host.get('/name')));
  const [status, text] = await begun;
  expect([status, JSON.parse(text).error.code]).toEqual([502, 'ISOLATE_EXITED']);
  expect(new Set((await waiting).map(([code, name]) => `${code} ${name}`))).toEqual(new Set(['200 1.0.0']));
  expect(host.status('shop')).toMatchObject({ state: 'active', version: '1.0.0', generation: 1 });
});
