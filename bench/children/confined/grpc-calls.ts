// Calls over gRPC: bare grpc-js on both sides, and the runtime's into a plugin that serves gRPC.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type CallOptions, Client, credentials, Metadata } from '@grpc/grpc-js';
import { grpcDialect } from '@hotswap/polyglot';
import { createLogger, createRuntime } from '@hotswap/runtime';
import { answerCommands } from '../../child-commands.ts';
import { quantile } from '../../measure.ts';

type Call = () => Promise<unknown>;

const data = 'a'.repeat(100);
const inFlight = 64;
const calls = new Map<string, Call>();
const children: ChildProcess[] = [];

/** The bare peer: the same text as bytes to an echo and back, over a unix socket. */
async function bareCall(folder: string): Promise<Call> {
  const socket = join(folder, 'bare.sock');
  const server = spawn(process.execPath, [join(import.meta.dirname, '../../peers/grpc-echo.cjs'), socket], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(server);
  await once(createInterface({ input: server.stdout }), 'line');
  const client = new Client(`unix:${socket}`, credentials.createInsecure());
  const asIs = (bytes: Buffer): Buffer => bytes;
  const [metadata, options]: [Metadata, CallOptions] = [new Metadata(), {}];
  const message = Buffer.from(data);
  return () =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest('/echo.Echo/Echo', asIs, asIs, message, metadata, options, (error, answer) => {
        if (error === null) resolve(answer);
        else reject(error);
      });
    });
}

async function pluginCall(folder: string): Promise<Call> {
  const plugin = join(folder, 'echo');
  mkdirSync(plugin);
  const script = join(import.meta.dirname, '../../peers/grpc-plugin.ts');
  writeFileSync(join(plugin, 'run'), `#!/bin/sh\nexec ${process.execPath} --conditions=@hotswap/source ${script}\n`);
  chmodSync(join(plugin, 'run'), 0o755);
  const hotswap = { executable: { protocol: 'grpc', command: ['./run'] } };
  const manifest = { name: 'echo', version: '1.0.0', engines: { hotswap: '^1.0.0' }, hotswap };
  writeFileSync(join(plugin, 'package.json'), JSON.stringify(manifest));
  const log = createLogger({ level: 'silent' });
  const runtime = createRuntime({ environment: {}, dialects: [grpcDialect()], log, limits: { probationMs: 0 } });
  await runtime.start();
  const { reason } = await runtime.load(plugin);
  if (reason !== undefined) throw new Error(reason.message);
  const method = runtime.method<string, unknown>('echo', 'echo');
  return async () => method(data);
}

export const commands = {
  async open({ folder }: { readonly folder: string }): Promise<void> {
    calls.set('bare grpc-js', await bareCall(folder));
    calls.set('grpc plugin', await pluginCall(folder));
  },

  /** @returns microseconds of one call, one after the other: the median */
  async latency({ name, ms }: { readonly name: string; readonly ms: number }): Promise<number> {
    const call = calls.get(name);
    const times: number[] = [];
    for (const until = performance.now() + ms; performance.now() < until;) {
      const before = performance.now();
      await call?.();
      times.push(performance.now() - before);
    }
    return quantile(times, 0.5) * 1_000;
  },

  /** @returns calls in a second with 64 of them in flight */
  async throughput({ name, ms }: { readonly name: string; readonly ms: number }): Promise<number> {
    const call = calls.get(name);
    let count = 0;
    const startedAt = performance.now();
    const one = async (): Promise<void> => {
      for (; performance.now() - startedAt < ms; count++) await call?.();
    };
    await Promise.all(Array.from({ length: inFlight }, one));
    return (count * 1_000) / (performance.now() - startedAt);
  },

  async stop(): Promise<void> {
    for (const child of children) child.kill();
    setImmediate(() => process.exit(0));
  },
};

export type GrpcCommands = typeof commands;

answerCommands(commands);
