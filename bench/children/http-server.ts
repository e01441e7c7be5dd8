// A server in a process of its own: ours or a peer's. Says what it cost and, if it is ours, changes its plugins.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import fastify from 'fastify';
import { createRuntime, type SwapReport } from '@hotswap/runtime';
import { answerCommands } from '../child-commands.ts';
import {
  bareFastify,
  bareNode,
  fastifyWithAsyncHook,
  fastifyWithHook,
  type StartServer,
} from '../peers/http-servers.ts';

const runtime = createRuntime({ environment: {} });
// The loop's own tick is part of what it measures: see `stall`.
const delay = monitorEventLoopDelay({ resolution: 1 });

const servers = {
  'node:http': bareNode,
  Fastify: bareFastify,
  'Fastify, 1 hook': fastifyWithHook,
  'Fastify, 1 async hook': fastifyWithAsyncHook,
  'HotSwap on node:http': () => {
    const server = createServer(runtime.listener());
    return new Promise((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
    );
  },
  'HotSwap in Fastify': async () => {
    const app = fastify();
    await app.register(runtime.fastify);
    await app.listen({ port: 0, host: '127.0.0.1' });
    return (app.server.address() as AddressInfo).port;
  },
} satisfies Readonly<Record<string, StartServer>>;

export type ServerKind = keyof typeof servers;

export const commands = {
  /** @returns the port */
  async serve({ kind, plugins }: { readonly kind: ServerKind; readonly plugins: readonly string[] }): Promise<number> {
    await runtime.start();
    for (const source of plugins) succeeded(await runtime.load(source));
    return servers[kind]();
  },

  /** Processor time of this thread so far, in microseconds. */
  cpu(): number {
    const { user, system } = process.threadCpuUsage();
    return user + system;
  },

  /** @returns the report and how long the verb took until the new generation served, in milliseconds */
  async swap({ plugin, source }: { readonly plugin: string; readonly source: string }) {
    const startedAt = performance.now();
    const report = succeeded(await runtime.swap(plugin, source, { wait: 'published' }));
    const ms = performance.now() - startedAt;
    return { ms, publishMs: report.steps.find(({ name }) => name === 'publish')?.durationMs ?? 0, steps: report.steps };
  },

  /** @returns the longest stall of the event loop since the last call, in milliseconds */
  stall(): number {
    const longest = delay.max / 1e6;
    delay.reset();
    delay.enable();
    return longest;
  },
};

export type HttpServerCommands = typeof commands;

function succeeded(report: SwapReport): SwapReport {
  if (report.reason !== undefined) throw new Error(`${report.operation}: ${report.reason.message}`);
  return report;
}

answerCommands(commands);
