import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createSecretResolver, createSecrets } from './secrets.ts';

it('reads secrets from the environment and from files, as often as they are asked for', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hotswap-secrets-'));
  const file = join(folder, 'token');
  const resolver = createSecretResolver({ key: 'env:KEY', token: `file:${file}` }, { KEY: 'from env' });
  const secrets = createSecrets(resolver, 'a', ['key', 'token']);
  expect(await secrets.get('key')).toBe('from env');
  await writeFile(file, 'one\n');
  expect(await secrets.get('token')).toBe('one');
  await writeFile(file, 'two');
  expect(await secrets.get('token')).toBe('two');
  await rm(folder, { recursive: true });
});

it('refuses a secret that the manifest does not list, set or not', async () => {
  const secrets = createSecrets(createSecretResolver({ key: 'env:KEY' }, { KEY: 'x' }), 'a', []);
  await expect(secrets.get('key')).rejects.toMatchObject({ code: 'CAPABILITY_MISSING' });
});

it('says which secret the operator has not set', async () => {
  const secrets = createSecrets(createSecretResolver({ key: 'env:KEY' }, {}), 'a', ['key', 'toString']);
  await expect(secrets.get('key')).rejects.toMatchObject({ code: 'SECRET_UNKNOWN', details: { secret: 'key' } });
  await expect(secrets.get('toString')).rejects.toMatchObject({ code: 'SECRET_UNKNOWN' });
});

it('takes a reference that names no place for the secret itself', async () => {
  expect(await createSecrets(createSecretResolver({ key: 'hunter2' }, {}), 'a', ['key']).get('key')).toBe('hunter2');
});

it('says which secret cannot be read, without its path', async () => {
  const secrets = createSecrets(createSecretResolver({ file: 'file:/nowhere/at/all' }, {}), 'a', ['file']);
  const error: unknown = await secrets.get('file').catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'SECRET_UNREADABLE', details: { secret: 'file' } });
  expect(JSON.stringify(error)).not.toContain('/nowhere');
});
