import { join } from 'node:path';
import { expect, it } from 'vitest';
import { answering, pluginFiles, run, temporaryFolder, write } from './running-runtime.ts';

const mortal = `
  ctx.http.get('/wait', () => new Promise(() => {}));
  ctx.http.get('/die', () => process.reallyExit(3));
  ctx.http.get('/stream', () => new Response(new ReadableStream({
    start: (body) => body.enqueue(new Uint8Array(10)),
    pull: () => new Promise(() => {}),
  })));
  ctx.methods.handle('wait', () => new Promise(() => {}));
`;

it('answers everybody at once when the thread of a plugin dies: 502 by code, and nobody else notices', async () => {
  await using folder = await temporaryFolder();
  await write(folder.path, pluginFiles('mortal', mortal, { isolation: 'strict' }));
  await using host = await run({ limits: { spares: 0 } });
  expect((await host.runtime.load(join(folder.path, 'mortal'))).outcome).toBe('swapped');
  await host.runtime.load(answering('healthy', 'still here'));

  const stream = (await host.runtime.fetch(new Request('http://host.test/stream'))).body?.getReader();
  expect((await stream?.read())?.value?.length).toBe(10);
  const requests = Array.from({ length: 100 }, () => host.get('/wait'));
  const method = Promise.resolve(host.runtime.invoke('mortal', 'wait')).catch((error: unknown) => error);
  const killer = host.get('/die');

  for (const [status, text] of await Promise.all([...requests, killer])) {
    expect([status, JSON.parse(text).error.code]).toEqual([502, 'ISOLATE_EXITED']);
    expect(text).not.toContain('stack');
  }
  expect(await method).toMatchObject({ code: 'ISOLATE_EXITED', details: { plugin: 'mortal' } });
  await expect(stream?.read()).rejects.toThrow();
  expect(await host.get('/healthy')).toEqual([200, 'still here']);
  expect(host.lines.filter(({ message }) => message.includes('isolate'))).toHaveLength(1);
});

it('says in status what a thread does not confine', async () => {
  await using folder = await temporaryFolder();
  await write(folder.path, pluginFiles('mortal', mortal, { isolation: 'strict' }));
  await using host = await run({ limits: { spares: 0 } });
  await host.runtime.load(join(folder.path, 'mortal'));
  expect(host.status('mortal')).toMatchObject({
    isolation: 'strict',
    missingLayers: ['CPU limit', 'files', 'network outside ctx.fetch', 'environment'],
  });
});
