import { setTimeout as wait } from 'node:timers/promises';
import type { BenchContext } from '../bench-row.ts';
import { startLoad, startServer, windowOf } from '../http-bench.ts';

/** A server with a healthy plugin, which answers `GET /hello`. */
export interface Situation {
  readonly plugins: readonly string[];
  /** A path that makes another one of them misbehave for ever; undefined: none does. */
  readonly trouble?: string | undefined;
}

/** The p99 of the healthy plugin's answers under 1,000 requests a second, in milliseconds. The server is a new process. */
export async function healthyP99(context: BenchContext, { plugins, trouble }: Situation): Promise<number> {
  const ms = context.isQuick ? 400 : 2_000;
  const { child, port } = await startServer(context, { kind: 'HotSwap on node:http', plugins });
  await using server = child;
  await using load = await startLoad(context);
  await load.call('start', { name: 'healthy', options: { port, path: '/hello', connections: 8, rate: 1_000 } });
  await windowOf(load, 'healthy', ms);
  const asked = trouble === undefined ? undefined : fetch(`http://127.0.0.1:${port}${trouble}`).catch(() => undefined);
  await wait(ms / 4);
  const { p99, failed } = await windowOf(load, 'healthy', ms);
  await load.call('stop', { name: 'healthy' });
  await server.stop();
  await asked;
  if (failed > 0) throw new Error(`${failed} requests of the healthy plugin failed`);
  return p99 / 1_000;
}
