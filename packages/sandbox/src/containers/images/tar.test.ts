import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeTar } from './tar.ts';

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'tar-'))));
afterAll(() => rm(folder, { recursive: true }));

it('writes what tar reads, the same bytes each time', async () => {
  const source = join(folder, 'source');
  await writeFile(source, 'x'.repeat(1_000));
  const deep = `${'folder/'.repeat(16)}file`;
  const entries = [
    { path: 'tmp', mode: 0o1777 },
    { path: 'usr/bin/node', source, mode: 0o755 },
    { path: deep, source, mode: 0o644 },
  ];
  const archive = await buffer(writeTar(entries));
  expect(execFileSync('tar', ['-tf', '-'], { input: archive }).toString().trim().split('\n')).toEqual([
    'tmp/',
    'usr/bin/node',
    deep,
  ]);
  expect(execFileSync('tar', ['-xOf', '-', 'usr/bin/node'], { input: archive }).toString()).toBe('x'.repeat(1_000));
  expect(await buffer(writeTar(entries))).toEqual(archive);
});

it('refuses a path that no archive holds', async () => {
  await expect(buffer(writeTar([{ path: 'a'.repeat(300), mode: 0o644 }]))).rejects.toThrow(/too long/);
});
