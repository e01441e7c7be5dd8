import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { IsolationLevel } from '@hotswap/protocol';
import type { Runtime } from '@hotswap/runtime';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeEachLevel, describeEveryLevel, type Level } from './each-level.ts';
import { writePlugin } from './plugin-folder.ts';

const levels = ['none', 'basic', 'strict', 'sandbox', 'container'] as const;
const large = Buffer.alloc(700_000, 'some words ');

let prices: Server;
let url: string;
beforeAll(async () => {
  prices = createServer(({ url: path, headers }, response) => {
    response.writeHead(path === '/lamp' ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ path, asker: headers['x-name'] }));
  }).listen(0, '127.0.0.1');
  await once(prices, 'listening');
  url = `http://127.0.0.1:${(prices.address() as AddressInfo).port}`;
});
afterAll(() => prices.close());

/** What each request, call and event must come to, wherever the plugin runs. */
const expected = [
  [201, '/orders/lamp', '1', { item: 'lamp', total: 2 }],
  [201, '/orders/chair', '2', { item: 'chair', total: 1 }],
  [400, null, '2', { error: 'amount is no number' }],
  [503, null, null, 'closed'],
  [201, '/orders/lamp', '3', { item: 'lamp', total: 5 }],
  [
    200,
    null,
    '3',
    [
      ['order:chair', 1],
      ['order:lamp', 5],
    ],
  ],
  [200, null, '3', { status: 200, price: { path: '/lamp', asker: 'orders' } }],
  [200, null, '3', { status: 404, price: { path: '/table', asker: 'orders' } }],
  [200, null, '3', 'CAPABILITY_MISSING'],
  [200, null, '3', createHash('sha256').update(large).digest('hex')],
  [502, null, '3', 'PLUGIN_HANDLER_FAILED'],
  [413, null, '3', 'BODY_TOO_LARGE'],
  ['PLUGIN_HANDLER_FAILED', 'no chairs'],
  {
    taken: 3,
    byItem: new Map([
      ['lamp', 5],
      ['chair', 1],
    ]),
    cancelled: ['chair'],
    sum: 2n ** 70n,
    bytes: new Uint8Array([1, 2]),
  },
  [
    { item: 'lamp', amount: 2, at: new Date(0) },
    { item: 'chair', amount: 1, at: new Date(0) },
    { item: 'lamp', amount: 3, at: new Date(0) },
  ],
];

describeEachLevel('a plugin', levels, (level) => {
  it('answers requests, calls and events alike, and over a swap', async () => {
    await using host = await running(level);
    const listener = await writePlugin(level.folder(), {
      name: 'listener',
      start: `
        const heard = [];
        ctx.events.on('orders.taken', ({ payload }) => void heard.push(payload));
        ctx.methods.handle('heard', () => heard);`,
    });
    expect((await host.runtime.load(listener)).reason).toBeUndefined();
    expect(await answers(host.runtime)).toEqual(expected);
    expect(host.runtime.pluginStatus('orders').isolation).toBe(level.level);
  });
});

describeEveryLevel('a plugin that goes through all levels', (level) => {
  it('keeps its state and fails no request meanwhile', async () => {
    await using host = await running(level);
    const { runtime } = host;
    const way: readonly IsolationLevel[] = ['basic', 'strict', 'sandbox', 'container', 'none'];
    const items = ['lamp', 'chair', 'table', 'shelf'];
    const failures: unknown[] = [];
    const load = { answered: 0, isOver: false };
    const order = async (item: string): Promise<number> => {
      let count = 0;
      for (; !load.isOver; load.answered += 1) {
        const answer = await post(runtime, `/orders/${item}`, { amount: 1 });
        if (answer.status === 201) count += 1;
        else failures.push(await answer.text());
        await nextTurn();
      }
      return count;
    };
    const ordered = Promise.all(items.map(order));
    for (const next of way) {
      const before = load.answered;
      const isServed = () => load.answered >= before + 40;
      expect(await runtime.promote('orders', next)).toMatchObject({ outcome: 'swapped', cancelled: 0 });
      expect(runtime.pluginStatus('orders').isolation).toBe(next);
      while (!isServed()) await nextTurn();
    }
    load.isOver = true;
    const counts = await ordered;
    expect(failures).toEqual([]);
    const byItem = new Map(items.map((item, index) => [item, counts[index]]));
    expect(await runtime.invoke('orders', 'summary')).toMatchObject({ taken: load.answered, byItem });
    const kept = await runtime.fetch(new Request('http://host.test/orders/kept'));
    expect(new Map((await kept.json()) as [string, number][])).toEqual(
      new Map([...byItem].map(([item, count]) => [`order:${item}`, count])),
    );
  });
});

/** Everything the plugin can be asked, in an order that shows what it remembers. */
async function answers(runtime: Runtime): Promise<readonly unknown[]> {
  const get = async (path: string, headers = {}) =>
    told(await runtime.fetch(new Request(`http://host.test${path}`, { headers })));
  const send = async (path: string, body: unknown) => told(await post(runtime, path, body));
  const seen = [
    await send('/orders/lamp', { amount: 2 }),
    await send('/orders/chair', { amount: 1 }),
    await send('/orders/chair', { amount: 'two' }),
    await get('/orders/kept', { 'x-closed': 'yes' }),
  ];
  await runtime.emit('orders.cancelled', { item: 'chair' });
  const { outcome, reason } = await runtime.reload('orders');
  expect([outcome, reason]).toEqual(['swapped', undefined]);
  seen.push(
    await send('/orders/lamp', { amount: 3 }),
    await get('/orders/kept'),
    await get('/orders/price/lamp'),
    await get('/orders/price/table'),
    await get('/orders/elsewhere'),
    await send('/orders/digest', large),
    await get('/orders/fails'),
    await send('/orders/digest', Buffer.concat([large, large])),
  );
  const refused = await Promise.resolve()
    .then(() => runtime.invoke('orders', 'refuse', 'chairs'))
    .catch((error: Error & { code: string }) => [error.code, /no \w+/.exec(error.message)?.[0]]);
  const summary = await runtime.invoke('orders', 'summary');
  return [...seen, refused, summary, await runtime.invoke('listener', 'heard')];
}

function post(runtime: Runtime, path: string, body: unknown): Promise<Response> {
  const text = body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body);
  return runtime.fetch(new Request(`http://host.test${path}`, { method: 'POST', body: text }));
}

async function told(answer: Response): Promise<unknown> {
  const { status, headers } = answer;
  const text = await answer.text();
  const body: unknown = /^[[{]/.test(text) ? JSON.parse(text) : text;
  const { error } = body as { readonly error?: { readonly code?: string } };
  return [status, headers.get('location'), headers.get('x-taken'), error?.code ?? body];
}

async function running(level: Level) {
  const folder = join(level.folder(), 'orders');
  await cp(join(import.meta.dirname, 'fixtures/orders'), folder, { recursive: true });
  const about = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  about.hotswap.capabilities = { network: [new URL(url).host] };
  await writeFile(join(folder, 'package.json'), JSON.stringify(about));
  const runtime = await level.run();
  const { reason } = await runtime.load(folder, { config: { prices: url } });
  expect(reason).toBeUndefined();
  return { runtime, [Symbol.asyncDispose]: () => runtime.close() };
}
