import { HotHeaders, HotRequest } from '@hotswap/protocol/http';
import { expect, test } from 'vitest';
import { handlerOf } from '../../src/calls/plugin-handlers.ts';
import { PluginClient } from '../../src/calls/plugin-client.ts';
import type { HandleRequest, HandleResponse } from '../../src/wire/messages.ts';
import { answering, call, caller, givenUp, type Held, listen, refused, request, run, saying } from './plugin-here.ts';

const route = { method: 'POST', path: '/here', streams: false };
const method = { name: 'do' };

/** A plugin whose one route answers so. */
const routed = (answer: HandleResponse): Promise<Held> =>
  run(
    saying(
      [{ route }],
      answering(() => answer),
    ),
  );
/** A plugin whose one method answers so. */
const asked = (answer: HandleResponse): Promise<Held> =>
  run(
    saying(
      [{ method }],
      answering(() => answer),
    ),
  );

test('a task is run and an event is told by the call that methods have', async () => {
  const heard: HandleRequest[] = [];
  const plugin = await run(
    saying(
      [{ task: { name: 'sweep', everyMs: 1_000 } }, { subscription: { event: 'moved' } }],
      answering((said) => {
        heard.push(said);
        return { json: Buffer.alloc(0) };
      }),
    ),
  );
  expect(plugin.registrations).toEqual([
    { type: 'task', id: 1, name: 'sweep', everyMs: 1_000 },
    { type: 'subscription', id: 2, event: 'moved' },
  ]);
  expect(await call(plugin, {})).toBeUndefined();
  const event = plugin.handlers.get(2) as ((data: unknown) => unknown) | undefined;
  expect(await event?.({ to: 'here' })).toBeUndefined();
  expect(heard.map(({ registration, json }) => [registration, String(json)])).toEqual([
    [1, ''],
    [2, '{"to":"here"}'],
  ]);
});

test('data that JSON has no word for is sent as none', async () => {
  const plugin = await run(
    saying(
      [{ method }],
      answering(({ json }) => ({ json: Buffer.from(`${json?.length}`) })),
    ),
  );
  expect(await call(plugin, { data: () => 1 })).toBe(0);
});

test('a middleware that names no paths stands before all of them', async () => {
  const { registrations } = await run(
    saying([{ middleware: { paths: [], priority: 2, readsRequest: false, readsResponse: false } }]),
  );
  expect(registrations).toEqual([{ type: 'middleware', id: 1, paths: ['/*'], priority: 2 }]);
});

test('a kind of registration that this dialect cannot call is refused', async () => {
  const { endpoint } = await listen(saying([]));
  const client = new PluginClient('near', endpoint);
  const socket = { type: 'websocket', id: 1, path: '/', handsOver: false, protocols: [] } as const;
  expect(() => handlerOf(socket, { id: 1 }, { client, plugin: 'near' })).toThrow('a registration of type websocket');
  client.close();
});

test('a result that is no JSON is refused', async () => {
  await expect(call(await asked({ json: Buffer.from('{oops') }), {})).rejects.toMatchObject(
    refused('a result that is no JSON'),
  );
});

test('a plugin that answers a method with a response instead has answered nothing', async () => {
  expect(await call(await asked({ http: { status: 200, headers: [] } }), {})).toBeUndefined();
});

test('an error of a route keeps its code and kind', async () => {
  const plugin = await routed({ error: { code: 'OUT_OF_INK', kind: 'conflict', message: 'no ink' } });
  await expect(call(plugin, request(), caller)).rejects.toMatchObject({
    code: 'OUT_OF_INK',
    kind: 'conflict',
    message: 'no ink',
    details: { plugin: 'near' },
  });
});

test('an error whose code or kind is none is an error without one, and one without words says so', async () => {
  const strange = await routed({ error: { code: 'OUT_OF_INK', kind: 'stationery', message: 'no ink' } });
  const error = await call(strange, request(), caller).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ message: 'no ink' });
  expect(error).not.toHaveProperty('code');
  const wordless = await routed({ error: { code: '', kind: '', message: '' } });
  await expect(call(wordless, request(), caller)).rejects.toThrow('it failed and did not say why');
});

test('a request that is answered with JSON is answered with nothing', async () => {
  await expect(call(await routed({ json: Buffer.from('1') }), request(), caller)).rejects.toMatchObject(
    refused('an answer to a request that is none'),
  );
});

test('an answer without a body and without a status is an empty 200', async () => {
  const response = await call(await routed({ http: { status: 0, headers: [] } }), request('ink'), caller);
  expect([response.status, await response.text()]).toEqual([200, '']);
});

test.for([42, 199, 600, 999])('the status %i is refused', async (status) => {
  const plugin = await routed({ http: { status, headers: [] } });
  await expect(call(plugin, request(), caller)).rejects.toMatchObject(refused(`the HTTP status ${status}`));
});

test('more header fields than an answer may have, and longer ones, are refused', async () => {
  const field = { name: 'x-a', value: 'b' };
  for (const headers of [Array.from({ length: 2_001 }, () => field), [{ name: 'x-a', value: 'b'.repeat(262_145) }]]) {
    const plugin = await routed({ http: { status: 200, headers } });
    await expect(call(plugin, request(), caller)).rejects.toMatchObject(
      refused('more header fields than an answer may have'),
    );
  }
});

test('an address that is too long is not sent', async () => {
  const plugin = await routed({ http: { status: 200, headers: [] } });
  const long = new HotRequest(`http://host.test/${'a'.repeat(65_536)}`, { headers: new HotHeaders([]) });
  await expect(call(plugin, long, caller)).rejects.toThrow('an address that is too long');
});

test('a call of a caller who has given up already is given up at once', async () => {
  const plugin = await run(saying([{ method }], { Handle: () => {} }));
  await expect(call(plugin, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'GRPC_CALL_FAILED',
    message: expect.stringContaining('CANCELLED'),
  });
});

test('a call under way is given up there when its caller gives up here', async () => {
  const controller = new AbortController();
  const seen = Promise.withResolvers<void>();
  const plugin = await run(
    saying([{ method }], {
      Handle: (held: NodeJS.EventEmitter) => {
        void givenUp(held).then(seen.resolve);
        controller.abort();
      },
    }),
  );
  await expect(call(plugin, { signal: controller.signal })).rejects.toMatchObject({ code: 'GRPC_CALL_FAILED' });
  await seen.promise;
});

test('a caller who follows the call himself gives it up by that', async () => {
  const plugin = await run(saying([{ method }], { Handle: () => {} }));
  const follow = (follower: { abort(reason: unknown): void }): void => follower.abort(new Error('enough'));
  await expect(call(plugin, { follow })).rejects.toMatchObject({ code: 'GRPC_CALL_FAILED' });
});
