import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServerLog } from '@hotswap/server';
import { startKeyServer } from '../src/server.ts';
import type { KeyServer } from '../src/server.ts';

/** A key server on a free loopback port, with a data folder of its own. */
export interface RunningServer extends AsyncDisposable {
  readonly server: KeyServer;
  readonly url: string;
  readonly port: number;
  readonly data: string;
}

/** @param data an existing data folder, which is then left alone */
export async function runServer(data?: string): Promise<RunningServer> {
  const folder = data ?? (await mkdtemp(join(tmpdir(), 'keyserver-')));
  const server = await startKeyServer({
    env: { HOTSWAP_SERVER_BIND: '127.0.0.1:0', HOTSWAP_SERVER_DATA: folder },
    cwd: folder,
    log: createServerLog({ stream: process.stderr, level: 'silent' }),
  });
  return {
    server,
    url: server.url,
    port: Number(new URL(server.url).port),
    data: folder,
    [Symbol.asyncDispose]: async () => {
      await server.close();
      if (data === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What clients get to see of an answer. */
export interface SeenAnswer {
  readonly status: number;
  readonly body: string;
}

export async function send(url: string, keytext: string): Promise<SeenAnswer> {
  return see(await fetch(`${url}/pks/add`, { method: 'POST', body: new URLSearchParams({ keytext }) }));
}

export async function index(url: string, search: string): Promise<SeenAnswer> {
  return see(await fetch(`${url}/pks/lookup?op=index&options=mr&search=${encodeURIComponent(search)}`));
}

async function see(response: Response): Promise<SeenAnswer> {
  return { status: response.status, body: await response.text() };
}
