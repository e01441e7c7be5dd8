import { CodedError } from '@hotswap/protocol';
import { HotResponse } from '@hotswap/protocol/http';
import { expect, test } from 'vitest';
import { call, caller, listen, request, run } from './plugin-here.ts';
import { PluginClient } from '../../src/calls/plugin-client.ts';
import { guarded } from '../../src/serve/guarded.ts';
import { pluginService } from '../../src/serve/plugin-service.ts';
import type { AnswerFrame, CallFrame } from '../../src/wire/messages.ts';
import { services } from '../../src/wire/services.ts';

const opening = { registration: 7, requestId: 'r-1', tenant: '' };

/** Every frame that is answered to those. */
async function framesFor(client: PluginClient, ...said: readonly CallFrame[]): Promise<readonly AnswerFrame[]> {
  const stream = client.duplex(services().plugin.HandleStream);
  for (const frame of said) stream.write(frame);
  stream.end();
  const heard: AnswerFrame[] = [];
  for await (const frame of stream) heard.push(frame as AnswerFrame);
  return heard;
}

test('a method is told whose call it is, and its coded error keeps its code', async () => {
  const plugin = await run(
    pluginService({
      methods: {
        whose: (data, { requestId, tenant }) => {
          if (data === undefined) throw new CodedError({ code: 'OUT_OF_INK', kind: 'conflict', message: 'no ink' });
          return { requestId, tenant };
        },
      },
    }),
  );
  expect(await call(plugin, { data: 1, requestId: 'r-2', tenant: 'acme' })).toEqual({
    requestId: 'r-2',
    tenant: 'acme',
  });
  expect(await call(plugin, { data: 1 })).toEqual({ requestId: '' });
  await expect(call(plugin, {})).rejects.toMatchObject({ code: 'OUT_OF_INK', kind: 'conflict' });
});

test('a route that does not stream reads the body that came with its request', async () => {
  const plugin = await run(
    pluginService({
      routes: [{ method: 'POST', path: '/here', handle: async (given) => new HotResponse(await given.text()) }],
    }),
  );
  expect(await (await call(plugin, request('ink'), caller)).text()).toBe('ink');
  expect(await (await call(plugin, request(), caller)).text()).toBe('');
});

test('a call of what was never registered says so, as does a stream that does not begin with a call', async () => {
  const { endpoint } = await listen(pluginService({}));
  const client = new PluginClient('near', endpoint);
  const unknown = (id: number): object => ({
    error: { code: 'METHOD_UNKNOWN', kind: 'not-found', message: `there is no registration ${id}` },
  });
  expect(await client.unary(services().plugin.Handle, opening)).toMatchObject(unknown(7));
  expect(await framesFor(client, { open: opening })).toMatchObject([unknown(7)]);
  expect(await framesFor(client, { end: true })).toMatchObject([unknown(0)]);
  client.close();
});

test('a call of a route that brings no request fails', async () => {
  const route = { method: 'GET', path: '/here', handle: () => new HotResponse('never') };
  const { endpoint } = await listen(pluginService({ routes: [route, { ...route, streams: true }] }));
  const client = new PluginClient('near', endpoint);
  const error = { message: 'a call of a route without a request' };
  expect(await client.unary(services().plugin.Handle, { ...opening, registration: 1 })).toMatchObject({ error });
  expect(await framesFor(client, { open: { ...opening, registration: 2 } })).toMatchObject([{ error }]);
  client.close();
});

test('a plugin that is given no config begins with an empty one', async () => {
  const configs: unknown[] = [];
  const { endpoint } = await listen(pluginService({ initialize: ({ config }) => void configs.push(config) }));
  const client = new PluginClient('near', endpoint);
  const start = { hostVersion: '1.0.0', plugin: 'near', version: '1.0.0', generation: 1, isolation: '' };
  await client.unary(services().plugin.Initialize, { ...start, config: Buffer.alloc(0) });
  expect(configs).toEqual([{}]);
  client.close();
});

test('a long body goes as fast as it is read, and stops when nobody reads it any more', async () => {
  const ended = Promise.withResolvers<number>();
  async function* endless(): AsyncGenerator<Uint8Array> {
    let given = 0;
    try {
      for (;;) {
        given += 1;
        yield Buffer.alloc(65_536, 'a');
      }
    } finally {
      ended.resolve(given);
    }
  }
  const plugin = await run(
    pluginService({
      routes: [{ method: 'POST', path: '/here', streams: true, handle: () => new HotResponse(endless()) }],
    }),
  );
  const response = await call(plugin, request(), caller);
  let read = 0;
  for await (const part of response.body ?? []) {
    read += (part as Uint8Array).length;
    if (read > 4_000_000) break;
  }
  expect(await ended.promise).toBeGreaterThan(60);
});

test('a stream without the token of this start is refused as every other call', async () => {
  const { endpoint } = await listen(guarded(pluginService({}), 'the token'), { token: 'another' });
  const client = new PluginClient('near', endpoint);
  await expect(framesFor(client, { open: opening })).rejects.toMatchObject({ code: 16 });
  await expect(client.unary(services().plugin.Handle, opening)).rejects.toThrow('UNAUTHENTICATED');
  client.close();
});

test('an error that is none of gRPC is told as it is', async () => {
  const { endpoint } = await listen(pluginService({}));
  const client = new PluginClient('near', endpoint);
  const own = new Error('mine');
  expect(await client.explain('/a/B', own)).toBe(own);
  expect(await client.explain('/a/B', 'a word')).toMatchObject({ message: 'a word' });
  client.close();
});
