import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { makeKey } from './make-key.ts';
import { index, send } from './running-server.ts';

const main = join(import.meta.dirname, '../src/main.ts');

function start(env: Readonly<Record<string, string>>): ChildProcess {
  const parameters = ['--conditions=@hotswap/source', main];
  return spawn(process.execPath, parameters, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
}

test('says in one line where it listens, serves, and ends when it is told to', async () => {
  const data = await mkdtemp(join(tmpdir(), 'keyserver-'));
  const child = start({ HOTSWAP_SERVER_BIND: '127.0.0.1:0', HOTSWAP_SERVER_DATA: data });
  const ended = once(child, 'exit');
  const said = text(child.stderr!);
  const written: string[] = [];
  child.stdout?.on('data', (chunk: Buffer) => written.push(String(chunk)));
  try {
    await once(child.stdout!, 'data');
    const url = /^listening on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(written.join(''))?.[1] ?? '';
    expect(await send(url, (await makeKey()).armored)).toMatchObject({ status: 200 });
    expect(await index(url, 'ada')).toMatchObject({ status: 200 });
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(written.join('').split('\n')).toHaveLength(2);
    expect(await said).toMatch(/^management token: \S{16,}$/m);
  } finally {
    child.kill('SIGKILL');
    await rm(data, { recursive: true, force: true });
  }
});

test('ends with a reason and the exit code of its kind when it cannot start', async () => {
  const child = start({ HOTSWAP_SERVER_BIND: 'nowhere' });
  const said = text(child.stderr!);
  expect(await once(child, 'exit')).toEqual([2, null]);
  expect(await said).toMatch(/^CONFIG_INVALID: /m);
});
