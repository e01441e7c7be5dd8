// Calls into processes: the runtime's at level sandbox, and those of the peers.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { promisify } from 'node:util';
import { createLogger, createRuntime } from '@hotswap/runtime';
import { answerCommands } from '../../child-commands.ts';
import { quantile } from '../../measure.ts';
import { connectEcho, grpcEcho } from '../../peers/echo-services.ts';
import { rawCaller } from '../../peers/raw-socket.ts';

type Call = (text: string) => Promise<unknown>;

interface Peer {
  readonly call: Call;
  /** Sends so many bytes there and back, a stream where there are streams. */
  readonly stream?: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>;
}

const inFlight = 64;
const streams = 4;
/** V8 takes that long to compile what is called. */
const warmUpMs = 300;
const open: Peer[] = [];
const runtime = await createRuntime({
  environment: {},
  isolation: 'sandbox',
  log: createLogger({ level: 'silent' }),
  limits: { spares: 0, probationMs: 0 },
}).start();

/** A process of the peer; it ends with this one. */
async function started(kind: string, path = ''): Promise<ChildProcess> {
  const file = join(import.meta.dirname, '../../peers/echo-process.ts');
  const child = spawn(process.execPath, ['--no-warnings', '--conditions=@hotswap/source', file, kind, path], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc', 'pipe'],
  });
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`the peer ${kind} ended at once`)));
  ended.catch(() => undefined);
  await Promise.race([once(child, 'message'), ended]);
  return child;
}

const peers: Readonly<Record<ProcessCase, (folder: string) => Promise<Peer>>> = {
  async 'raw socket'() {
    const socket = (await started('socket')).stdio[4];
    if (!(socket instanceof Duplex)) throw new Error('a socket was due');
    const call = rawCaller(socket);
    const same = async (bytes: Uint8Array): Promise<void> => {
      if ((await call(bytes)).length !== bytes.length) throw new Error('bytes were lost');
    };
    return { call, stream: same };
  },

  async 'child IPC'() {
    const child = await started('ipc');
    const waiting = new Map<number, (text: unknown) => void>();
    let lastId = 0;
    child.on('message', ([id, text]: [number, string]) => {
      waiting.get(id)?.(text);
      waiting.delete(id);
    });
    const call: Call = (text) => new Promise((resolve) => (waiting.set(++lastId, resolve), child.send([lastId, text])));
    return { call };
  },

  async 'HTTP over a socket'(folder) {
    const { Pool } = await import('undici');
    const path = join(folder, 'http');
    await started('http', path);
    const pool = new Pool('http://localhost', { socketPath: path, connections: 16 });
    return {
      call: async (text) => (await pool.request({ path: '/', method: 'POST', body: text })).body.text(),
    };
  },

  async 'grpc-js'(folder) {
    const { credentials, makeGenericClientConstructor } = await import('@grpc/grpc-js');
    const path = join(folder, 'grpc');
    await started('grpc', path);
    const client = new (makeGenericClientConstructor(grpcEcho, 'Echo'))(`unix:${path}`, credentials.createInsecure());
    const echo = promisify((bytes: Buffer, done: (error: Error | null, value: Buffer) => void) =>
      client['echo']?.(bytes, done),
    );
    return { call: async (text) => (await echo(Buffer.from(text))).toString() };
  },

  async Connect(folder) {
    const { createConnectTransport } = await import('@connectrpc/connect-node');
    const method = await connectEcho();
    const path = join(folder, 'connect');
    await started('connect', path);
    const transport = createConnectTransport({
      baseUrl: 'http://localhost',
      httpVersion: '1.1',
      nodeOptions: { socketPath: path },
    });
    return { call: (value) => transport.unary(method, undefined, undefined, undefined, { value }) };
  },

  async sandbox() {
    const method = runtime.method<string, unknown>('echo', 'echo');
    const stream = async (bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
      const request = new Request('http://127.0.0.1/echo', { method: 'POST', body: bytes });
      const { body, status } = await runtime.fetch(request);
      let length = 0;
      for await (const part of body ?? []) length += part.length;
      if (length !== bytes.length) throw new Error(`${length} bytes came back: ${status}`);
    };
    return { call: async (text) => method(text), stream };
  },
};

export const commands = {
  async load({ file }: { readonly file: string }): Promise<void> {
    const { reason } = await runtime.load(file);
    if (reason !== undefined) throw new Error(reason.message);
  },

  /** @returns the number to call it by; undefined when it is not installed */
  async open({ name, folder }: { readonly name: ProcessCase; readonly folder: string }): Promise<number | undefined> {
    try {
      return open.push(await peers[name](folder)) - 1;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined;
      throw error;
    }
  },

  /** @returns microseconds of one call with so much text, one after the other: the median */
  async latency({ index, ms, length }: Measurement & { readonly length: number }): Promise<number> {
    const text = 'a'.repeat(length);
    const call = open[index]?.call;
    const times: number[] = [];
    const warm = performance.now() + warmUpMs;
    for (const until = warm + ms; performance.now() < until;) {
      const before = performance.now();
      await call?.(text);
      if (before > warm) times.push(performance.now() - before);
    }
    return quantile(times, 0.5) * 1_000;
  },

  /** @returns calls in a second with 64 of them in flight */
  async throughput({ index, ms }: Measurement): Promise<number> {
    const call = open[index]?.call;
    const text = 'a'.repeat(100);
    const work = async (): Promise<unknown> => call?.(text);
    await timesInASecond(warmUpMs, inFlight, work);
    return timesInASecond(ms, inFlight, work);
  },

  /** @returns megabytes in a second, each way, in streams of one */
  async streaming({ index, ms }: Measurement): Promise<number> {
    const stream = open[index]?.stream;
    const bytes = new Uint8Array(1_048_576).fill(7);
    return timesInASecond(ms, streams, async () => stream?.(bytes));
  },
};

export type ProcessCase = 'raw socket' | 'child IPC' | 'HTTP over a socket' | 'grpc-js' | 'Connect' | 'sandbox';

interface Measurement {
  readonly index: number;
  readonly ms: number;
}

export type ProcessCommands = typeof commands;

async function timesInASecond(ms: number, atOnce: number, work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const startedAt = performance.now();
  const one = async (): Promise<void> => {
    for (; performance.now() - startedAt < ms; count++) await work();
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return (count * 1_000) / (performance.now() - startedAt);
}

answerCommands(commands);
