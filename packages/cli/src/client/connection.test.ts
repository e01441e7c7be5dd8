import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { operatorTokenFile } from '@hotswap/server/operator-token';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findConnection } from './connection.ts';
import type { ConnectionOptions } from './connection.ts';

let data: string;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'hotswap-connection-'));
  await writeFile(operatorTokenFile(data), 'from-the-file\n');
});

afterEach(() => rm(data, { recursive: true }));

function find(options: ConnectionOptions, env: Readonly<Record<string, string>> = {}) {
  return findConnection({ data, ...options }, { env, cwd: data });
}

test('talks to this machine with the token of the data folder when nothing is said', async () => {
  expect(await find({})).toEqual({ url: 'http://127.0.0.1:8080', token: 'from-the-file' });
});

test('prefers a flag to the environment, and the environment to the file', async () => {
  const env = { HOTSWAP_URL: 'http://127.0.0.1:1', HOTSWAP_TOKEN: 'from-env' };
  expect(await find({}, env)).toEqual({ url: 'http://127.0.0.1:1', token: 'from-env' });
  expect(await find({ url: 'http://127.0.0.1:2/', token: 'flag' }, env)).toEqual({
    url: 'http://127.0.0.1:2',
    token: 'flag',
  });
});

test("never sends this machine's token to another one", async () => {
  expect(await find({ url: 'https://other.example' })).toEqual({ url: 'https://other.example', token: undefined });
});

test('has no token where the data folder has none', async () => {
  expect((await find({ data: join(data, 'nowhere') })).token).toBeUndefined();
});

test('refuses what is no address', async () => {
  await expect(find({ url: 'localhost:8080' })).rejects.toMatchObject({ code: 'URL_INVALID' });
});
