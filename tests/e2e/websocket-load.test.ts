import { expect, it } from 'vitest';
import { SocketLoad } from '../load/socket-load.ts';
import { socketPlugin } from '../load/socket-plugin.ts';
import { servePlugins } from '../serving/serve-plugins.ts';

const swaps = 50;
const clients = { staying: 1_000, returning: 50, streams: 1_000 };

it(
  'keeps 1,000 WebSockets through 50 swaps, sends others away with a hint, and 1,000 event streams miss nothing',
  { timeout: 120_000 },
  async () => {
    await using serving = await servePlugins({ plugins: { chat: socketPlugin(1) } });
    await using load = new SocketLoad({ port: serving.port, ...clients });
    await expect.poll(() => load.counts.open, { timeout: 30_000 }).toBe(2_050);
    expect(serving.runtime.pluginStatus('chat')).toMatchObject({ connections: 1_050, websocket: 'available' });

    for (let version = 2; version <= swaps + 1; version++) {
      const { received, resumed } = load.counts;
      const report = await serving.swap('chat', socketPlugin(version), { wait: 'published' });
      expect(report).toMatchObject({ outcome: 'swapped', to: version });
      // Each version takes over everybody, and serves for a while.
      await expect.poll(() => load.counts.resumed, { timeout: 10_000 }).toBe(resumed + clients.staying);
      await expect.poll(() => load.counts.received, { timeout: 10_000 }).toBeGreaterThan(received + 1_500);
    }
    const result = await load.finish();

    expect(result.failures).toEqual([]);
    expect(result).toMatchObject({ failed: 0, unanswered: 0, resumedEach: [swaps, swaps] });
    expect(result.sentAway).toBeGreaterThan(clients.streams * 5);
    expect(serving.lines.filter(({ level }) => level === 'error')).toEqual([]);
    await expect.poll(() => serving.runtime.pluginStatus('chat').connections).toBe(0);
    await expect.poll(() => serving.runtime.pluginStatus('chat').activeRequests).toBe(0);
    expect(serving.runtime.pluginStatus('chat').counts.errors).toBe(0);
  },
);
