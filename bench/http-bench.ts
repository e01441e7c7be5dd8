import { setTimeout as wait } from 'node:timers/promises';
import type { BenchContext } from './bench-row.ts';
import { type BoundedChild, type ChildOptions, startChild } from './bounded-child.ts';
import type { HttpServerCommands, ServerKind } from './children/http-server.ts';
import type { LoadCommands } from './children/load.ts';
import type { LoadOptions, LoadWindow } from './http-load.ts';

export type HttpServerChild = BoundedChild<HttpServerCommands>;
export type LoadChild = BoundedChild<LoadCommands>;

export interface ServedBy {
  readonly kind: ServerKind;
  readonly plugins: readonly string[];
  readonly options?: ChildOptions;
}

/** What a second of full load showed of a server. */
export interface Throughput {
  readonly requestsPerSecond: number;
  /** Processor time of the server's thread for one request, in microseconds. */
  readonly cpuMicroseconds: number;
}

/** A server on the first core; the load comes from the second one. */
export async function startServer(
  context: BenchContext,
  served: ServedBy,
): Promise<{ child: HttpServerChild; port: number }> {
  const options = { core: 0, ...served.options } as const;
  const child = await startChild<HttpServerCommands>(context, 'children/http-server.ts', options);
  const port = await child.call('serve', { kind: served.kind, plugins: served.plugins });
  return { child, port };
}

export function startLoad(context: BenchContext): Promise<LoadChild> {
  return startChild<LoadCommands>(context, 'children/load.ts', { core: 1 });
}

/** What happens under a load within a span of time. */
export async function windowOf(load: LoadChild, name: string, ms: number): Promise<LoadWindow> {
  await load.call('window', { name });
  await wait(ms);
  const window = await load.call('window', { name });
  if (window === undefined) throw new Error(`no load is called ${name}`);
  return window;
}

/** How long a server is loaded. It is warm after so many requests, not after a time: on a busy machine a time is few. */
export interface LoadSpan {
  readonly warmRequests: number;
  readonly ms: number;
}

const warmLimitMs = 15_000;

/** Puts a fresh server under full load, first to warm it up. */
export async function throughputOf(context: BenchContext, served: ServedBy, span: LoadSpan): Promise<Throughput> {
  await using load = await startLoad(context);
  const { child, port } = await startServer(context, served);
  await using server = child;
  await load.call('start', { name: 'full', options: fullLoad(port) });
  await warmUp(load, span.warmRequests);
  const before = await server.call('cpu', undefined);
  const { ok, failed, seconds } = await windowOf(load, 'full', span.ms);
  const cpu = (await server.call('cpu', undefined)) - before;
  await load.call('stop', { name: 'full' });
  if (failed > 0) throw new Error(`${served.kind}: ${failed} of ${ok + failed} requests failed`);
  return { requestsPerSecond: ok / seconds, cpuMicroseconds: cpu / ok };
}

async function warmUp(load: LoadChild, requests: number): Promise<void> {
  const until = performance.now() + warmLimitMs;
  for (let served = 0; served < requests && performance.now() < until;) {
    served += (await windowOf(load, 'full', 200)).ok;
  }
}

function fullLoad(port: number): LoadOptions {
  return { port, path: '/hello', connections: 32 };
}
