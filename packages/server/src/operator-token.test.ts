import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { operatorTokenFile, saveOperatorToken } from './operator-token.ts';

test('saves the token for its owner alone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hotswap-token-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const data = join(folder, 'data');
  await saveOperatorToken(data, 'a-token');
  expect(await readFile(operatorTokenFile(data), 'utf8')).toBe('a-token\n');
  expect((await stat(operatorTokenFile(data))).mode & 0o777).toBe(0o600);
});
