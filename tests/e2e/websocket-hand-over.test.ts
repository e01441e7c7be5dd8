import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { servePlugins } from '../serving/serve-plugins.ts';
import type { ServedPlugins } from '../serving/serve-plugins.ts';
import { SocketClient } from '../serving/socket-client.ts';
import { describeSandbox, sandboxHost } from '../../packages/runtime/test/sandbox-host.ts';

/** Counts in its attachment, and says which version counted. `resume` says so too. */
const counting = (version: string, options = '{ handOver: true }'): string => `
  const count = (peer, word) => {
    peer.attachment = { count: (peer.attachment?.count ?? 0) + 1 };
    peer.send('${version} ' + word + ' ' + peer.attachment.count);
  };
  ctx.http.websocket('/count/:name', {
    open: (peer) => count(peer, 'open'),
    message: async (peer, data) => {
      if (data === 'slowly') await new Promise((done) => { globalThis.letGo = done; });
      count(peer, data);
    },
    resume: (peer) => count(peer, 'resume ' + peer.params.name),
    close: (peer, code, reason) => ctx.log.error({ by: '${version}', code, reason }, 'closed'),
  }, ${options});`;

const letGo = (): void => (Reflect.get(globalThis, 'letGo') as () => void)();

const closings = ({ lines }: ServedPlugins): unknown[] =>
  lines
    .filter(({ message }) => message === 'closed')
    .map(({ fields: { by, code, reason } }) => [by, code, String(reason).replace(/\d+/, 'N')]);

beforeEach(() => void Reflect.deleteProperty(globalThis, 'letGo'));

describe('a connection of a route that hands over', () => {
  it('goes on with the next generation, and back with a rollback', async () => {
    await using served = await servePlugins({ plugins: { chat: counting('v1') } });
    using client = await SocketClient.open(`${served.url}/count/ada`);
    client.send('a');
    await client.got('v1 open 1', 'v1 a 2');
    await served.swap('chat', counting('v2'));
    client.send('b');
    await client.got('v1 open 1', 'v1 a 2', 'v2 resume ada 3', 'v2 b 4');
    await served.runtime.rollback('chat');
    client.send('c');
    await client.got('v1 open 1', 'v1 a 2', 'v2 resume ada 3', 'v2 b 4', 'v1 resume ada 5', 'v1 c 6');
    expect(closings(served)).toEqual([]);
    client.socket.close(4_000, 'done');
    await expect.poll(() => closings(served)).toEqual([['v1', 4_000, 'done']]);
  });

  it('is resumed when the handler under way has ended; what came meanwhile goes to the next generation', async () => {
    await using served = await servePlugins({ plugins: { chat: counting('v1') } });
    using client = await SocketClient.open(`${served.url}/count/ada`);
    client.send('slowly');
    await expect.poll(() => served.runtime.pluginStatus('chat').activeRequests).toBe(1);
    const report = await served.swap('chat', counting('v2'), { wait: 'published' });
    expect(report.outcome).toBe('swapped');
    client.send('next');
    await expect
      .poll(() => served.runtime.pluginStatus('chat').generations.map(({ state }) => state))
      .toEqual(['draining', 'active']);
    letGo();
    await client.got('v1 open 1', 'v1 slowly 2', 'v2 resume ada 3', 'v2 next 4');
    await expect
      .poll(() => served.runtime.pluginStatus('chat').generations.map(({ state }) => state))
      .toEqual(['standby', 'active']);
  });

  it('hears no more from the generation it has left', async () => {
    const nagging = `
      let peer;
      ctx.http.websocket('/count/:name', { open(opened) { peer = opened; peer.send('v1'); }, message() {} }, { handOver: true });
      ctx.events.on('nag', () => {});
      globalThis.nag = () => peer.send('still here');`;
    await using served = await servePlugins({ plugins: { chat: nagging } });
    using client = await SocketClient.open(`${served.url}/count/ada`);
    await client.got('v1');
    await served.swap('chat', counting('v2'));
    await client.got('v1', 'v2 resume ada 1');
    (Reflect.get(globalThis, 'nag') as () => void)();
    client.send('x');
    await client.got('v1', 'v2 resume ada 1', 'v2 x 2');
  });

  it('is closed with 1012 and a hint when the next generation has no such route, or does not hand over', async () => {
    for (const next of ['', counting('v2', '{}'), counting('v2').replace('/count/:name', '/other/:name')]) {
      await using served = await servePlugins({ plugins: { chat: counting('v1') } });
      using client = await SocketClient.open(`${served.url}/count/ada`);
      await client.got('v1 open 1');
      const report = await served.swap('chat', next);
      expect(report).toMatchObject({ outcome: 'swapped', cancelled: 0 });
      expect(await client.closed()).toMatch(/^1012 reconnect retry=\d+$/);
      expect(closings(served)).toEqual([['v1', 1012, 'reconnect retry=N']]);
    }
  });

  it('lives through an exclusive swap: what comes while the plugin is parked waits', async () => {
    await using served = await servePlugins();
    const source = async (version: string): Promise<string> => {
      const path = join(served.folder, 'chat.js');
      const slowStart = `if ('${version}' !== 'v1') await new Promise((done) => { globalThis.letGo = done; });`;
      await writeFile(
        path,
        `export default { swap: 'exclusive', async start(ctx) { ${slowStart} ${counting(version)} } };`,
      );
      return path;
    };
    expect(await served.runtime.load(await source('v1'))).toMatchObject({ outcome: 'swapped' });
    using client = await SocketClient.open(`${served.url}/count/ada`);
    await client.got('v1 open 1');
    const swapping = served.runtime.swap('chat', await source('v2'));
    await expect.poll(() => served.runtime.pluginStatus('chat').gate).toBe('parked');
    const opening = SocketClient.open(`${served.url}/count/bob`);
    client.send('while parked');
    await expect.poll(() => Reflect.get(globalThis, 'letGo')).toBeDefined();
    letGo();
    expect(await swapping).toMatchObject({ outcome: 'swapped' });
    await client.got('v1 open 1', 'v2 resume ada 2', 'v2 while parked 3');
    using second = await opening;
    await second.got('v2 open 1');
    expect(closings(served)).toEqual([]);
  });
});

describe('a connection of a route that does not hand over', () => {
  it('is closed with 1012 and a hint once what it had sent is handled', async () => {
    await using served = await servePlugins({ plugins: { chat: counting('v1', '{}') } });
    using client = await SocketClient.open(`${served.url}/count/ada`);
    using idle = await SocketClient.open(`${served.url}/count/bob`);
    for (const word of ['slowly', 'second', 'third']) client.send(word);
    await expect.poll(() => served.runtime.pluginStatus('chat').activeRequests).toBe(1);
    const swapping = served.swap('chat', counting('v2', '{}'));
    expect(await idle.closed()).toMatch(/^1012 reconnect retry=\d+$/);
    letGo();
    expect(await client.closed()).toMatch(/^1012 reconnect retry=\d+$/);
    await client.got('v1 open 1', 'v1 slowly 2', 'v1 second 3', 'v1 third 4');
    expect(await swapping).toMatchObject({ outcome: 'swapped', cancelled: 0 });
    using again = await SocketClient.open(`${served.url}/count/ada`);
    await again.got('v2 open 1');
    expect(closings(served)).toEqual([
      ['v1', 1012, 'reconnect retry=N'],
      ['v1', 1012, 'reconnect retry=N'],
    ]);
  });

  it('is told different moments to come back', async () => {
    await using served = await servePlugins({ plugins: { chat: counting('v1', '{}') } });
    const clients = await Promise.all(Array.from({ length: 20 }, () => SocketClient.open(`${served.url}/count/x`)));
    await served.swap('chat', counting('v2', '{}'));
    const hints = new Set(await Promise.all(clients.map((client) => client.closed())));
    expect(hints.size).toBeGreaterThan(10);
  });
});

describe.each(['unload', 'disable'] as const)('a plugin that is taken down by %s', (verb) => {
  it('is told of the end of its connections, which are closed with 1001', async () => {
    await using served = await servePlugins({ plugins: { chat: counting('v1') } });
    using client = await SocketClient.open(`${served.url}/count/ada`);
    await served.runtime[verb]('chat');
    expect(await client.closed()).toBe('1001 the plugin was unloaded');
    expect(closings(served)).toEqual([['v1', 1001, 'the plugin was unloaded']]);
  });
});

it('a drain that runs out ends the handlers that hang, and their connections with 1011', async () => {
  await using served = await servePlugins({
    plugins: { chat: counting('v1') },
    runtime: { limits: { drainTimeoutMs: 100 } },
  });
  using client = await SocketClient.open(`${served.url}/count/ada`);
  client.send('slowly');
  await expect.poll(() => served.runtime.pluginStatus('chat').activeRequests).toBe(1);
  expect(await served.swap('chat', counting('v2'))).toMatchObject({ outcome: 'swapped' });
  expect(await client.closed()).toBe('1011 the plugin failed');
  await expect.poll(() => closings(served)).toEqual([['v1', 1011, 'the plugin failed']]);
  expect(served.runtime.pluginStatus('chat').activeRequests).toBe(0);
});
/** Without what a thread has no way to tell the test. */
const quiet = (version: string): string => counting(version).replace(/close:.*\n/, '');

it('a connection goes on when its plugin moves to another isolation level, and back', async () => {
  await using served = await servePlugins({ plugins: { chat: quiet('v1') } });
  using client = await SocketClient.open(`${served.url}/count/ada`);
  await client.got('v1 open 1');
  expect(await served.runtime.promote('chat', 'strict')).toMatchObject({ outcome: 'swapped' });
  client.send('a');
  await client.got('v1 open 1', 'v1 resume ada 2', 'v1 a 3');
  expect(await served.runtime.promote('chat', 'none')).toMatchObject({ outcome: 'swapped' });
  client.send('b');
  await client.got('v1 open 1', 'v1 resume ada 2', 'v1 a 3', 'v1 resume ada 4', 'v1 b 5');
});

const confined = { allowMissing: sandboxHost.allowMissing };

describe('at level strict', () => describeLevel('strict'));
describeSandbox('at level sandbox', () => describeLevel('sandbox'));

function describeLevel(isolation: 'strict' | 'sandbox'): void {
  it('goes on through swaps and rollbacks as at any other', async () => {
    await using served = await servePlugins({ plugins: { chat: quiet('v1') }, runtime: { isolation, ...confined } });
    expect(served.runtime.pluginStatus('chat').isolation).toBe(isolation);
    using client = await SocketClient.open(`${served.url}/count/ada`);
    client.send('a');
    await client.got('v1 open 1', 'v1 a 2');
    expect(await served.swap('chat', quiet('v2'))).toMatchObject({ outcome: 'swapped' });
    client.send('b');
    await client.got('v1 open 1', 'v1 a 2', 'v2 resume ada 3', 'v2 b 4');
    await served.runtime.rollback('chat');
    client.send('c');
    await client.got('v1 open 1', 'v1 a 2', 'v2 resume ada 3', 'v2 b 4', 'v1 resume ada 5', 'v1 c 6');
    await served.runtime.unload('chat');
    expect(await client.closed()).toBe('1001 the plugin was unloaded');
  });

  it('keeps 10,000 messages of one burst in order through a swap', async () => {
    const echo = `ctx.http.websocket('/echo', { message: (peer, data) => peer.send(data) }, { handOver: true });`;
    await using served = await servePlugins({ plugins: { echo }, runtime: { isolation, ...confined } });
    using client = await SocketClient.open(`${served.url}/echo`);
    const numbers = Array.from({ length: 10_000 }, (_, index) => String(index));
    for (const number of numbers) client.send(number);
    await expect.poll(() => client.messages.length).toBeGreaterThan(0);
    expect(await served.swap('echo', echo)).toMatchObject({ outcome: 'swapped' });
    await expect.poll(() => client.messages.length, { timeout: 10_000 }).toBe(10_000);
    expect(client.messages).toEqual(numbers);
  });

  it('is closed with 1011 when its isolate crashes, for nobody knows what was still handled', async () => {
    const crashing = `
      ctx.http.websocket('/crash', {
        message: () => { setImmediate(() => process.reallyExit?.(1)); return new Promise(() => {}); },
      }, { handOver: true });`;
    await using served = await servePlugins({ plugins: { crashing }, runtime: { isolation, ...confined } });
    using client = await SocketClient.open(`${served.url}/crash`);
    using idle = await SocketClient.open(`${served.url}/crash`);
    client.send('x');
    // The closing handshake itself: the host would cut the connection off after five seconds without one.
    await expect.poll(() => client.socket.readyState, { timeout: 3_000 }).toBe(client.socket.CLOSED);
    expect(await client.closed()).toBe('1011 the plugin failed');
    expect(await idle.closed()).toBe('1011 the plugin failed');
  });
}
