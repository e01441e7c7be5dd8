import { describe, expect, it } from 'vitest';
import { RawConnection } from '../serving/raw-connection.ts';
import { servePlugins } from '../serving/serve-plugins.ts';

const ticks = `
  ctx.http.sse('/ticks', async function* (request, { signal }) {
    const last = Number(request.headers.get('last-event-id') ?? 0);
    for (let id = last + 1; ; id++) {
      yield { id: String(id), data: 'tick' };
      if (id >= last + 3) await ctx.clock.sleep(60_000, { signal });
    }
  });`;
const flood = `
  ctx.http.sse('/flood', async function* () {
    try { for (;;) yield { data: 'x'.repeat(64 * 1024) }; }
    finally { ctx.log.error({}, 'let go'); }
  });`;

const event = (id: number): string => `id: ${id}\ndata: tick\n\n`;

describe('an event stream', () => {
  it('goes on after the id that its client saw last', async () => {
    await using served = await servePlugins({ plugins: { ticks } });
    using raw = await RawConnection.open(served.port);
    raw.write('GET /ticks HTTP/1.1\r\nHost: a\r\nLast-Event-ID: 41\r\n\r\n');
    const received = await raw.until(event(44));
    expect(received).toContain(event(42));
    expect(received).not.toContain(event(41));
  });

  it('ends whole with a hint when its plugin is swapped, another moment for each client', async () => {
    await using served = await servePlugins({ plugins: { ticks } });
    const clients = await Promise.all(Array.from({ length: 20 }, () => RawConnection.open(served.port)));
    for (const raw of clients) raw.write('GET /ticks HTTP/1.1\r\nHost: a\r\n\r\n');
    await Promise.all(clients.map((raw) => raw.until(event(3))));
    expect(await served.swap('ticks', ticks)).toMatchObject({ outcome: 'swapped', cancelled: 0 });
    const bodies = await Promise.all(clients.map(async (raw) => (await raw.answer()).body));
    const hints = bodies.map((body) => /^id: 3\ndata: tick\n\nretry: (\d+)\n\n$/m.exec(body)?.[1]);
    expect(hints).not.toContain(undefined);
    expect(new Set(hints).size).toBeGreaterThan(10);
    for (const raw of clients) raw[Symbol.dispose]();
  });

  it('is cut off when its client takes nothing any more, and its plugin is let go', async () => {
    await using served = await servePlugins({ plugins: { flood }, listener: { stallTimeoutMs: 200 } });
    using raw = await RawConnection.open(served.port);
    raw.socket.on('error', () => {});
    raw.write('GET /flood HTTP/1.1\r\nHost: a\r\n\r\n');
    await raw.until('data: x');
    raw.socket.pause();
    await expect.poll(() => served.lines.some(({ message }) => message === 'let go'), { timeout: 10_000 }).toBe(true);
    await expect.poll(() => served.runtime.pluginStatus('flood').activeRequests).toBe(0);
  });
});
