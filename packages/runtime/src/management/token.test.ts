import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ensureToken } from './token.ts';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'hotswap-token-'))));
afterEach(() => rm(folder, { recursive: true }));

test('the first start makes a token, later ones only know it', async () => {
  const first = await ensureToken(folder);
  const second = await ensureToken(folder);
  expect(first.token).toMatch(/^[\w-]{43}$/);
  expect(second.token).toBeUndefined();
  expect(second.verify(first.token ?? '')).toBe(true);
  expect(second.verify(`${first.token}x`)).toBe(false);
  expect(second.verify('')).toBe(false);
});

test('only a digest is kept, for the owner alone', async () => {
  const { token } = await ensureToken(join(folder, 'data'));
  const file = join(folder, 'data', 'management-token');
  expect(await readFile(file, 'utf8')).not.toContain(token);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await chmod(file, 0o644);
  await ensureToken(join(folder, 'data'));
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('starts at the same moment agree on one token', async () => {
  const starts = await Promise.all(Array.from({ length: 8 }, () => ensureToken(folder)));
  const made = starts.flatMap(({ token }) => token ?? []);
  expect(made).toHaveLength(1);
  expect(starts.every(({ verify }) => verify(made[0]!))).toBe(true);
  expect(await readdir(folder)).toEqual(['management-token']);
});

test('the environment can set it, and then nothing is written', async () => {
  const set = await ensureToken(folder, { HOTSWAP_TOKEN: 'a-token-from-outside' });
  expect(set.token).toBeUndefined();
  expect(set.verify('a-token-from-outside')).toBe(true);
  expect(await readdir(folder)).toEqual([]);
});

test('a short token and a damaged file are refused', async () => {
  await expect(ensureToken(folder, { HOTSWAP_TOKEN: 'short' })).rejects.toMatchObject({
    code: 'MANAGEMENT_TOKEN_INVALID',
  });
  await writeFile(join(folder, 'management-token'), 'not a digest');
  await expect(ensureToken(folder)).rejects.toMatchObject({ code: 'MANAGEMENT_TOKEN_INVALID' });
});
