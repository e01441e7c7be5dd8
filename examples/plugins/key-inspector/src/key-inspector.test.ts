import { fileURLToPath } from 'node:url';
import { createTestHost } from '@hotswap/sdk/testing';
import type { TestHost } from '@hotswap/sdk/testing';
import { generateKey } from 'openpgp';
import { afterAll, beforeAll, expect, test } from 'vitest';

let host: TestHost;

beforeAll(async () => {
  host = await createTestHost(fileURLToPath(new URL('..', import.meta.url)));
});

afterAll(() => host.close());

function inspect(body: string): Promise<Response> {
  return host.fetch('/keys/inspect', { method: 'POST', body });
}

test('tells fingerprint, user ids and algorithm of the key it offers as an example', async () => {
  const example = await (await host.fetch('/keys/example')).text();
  const response = await inspect(example);
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({
    fingerprint: '64065e450e6e774934b177bad68f55308048c298',
    userIds: ['Ada Example <ada@example.org>'],
    algorithm: 'eddsaLegacy ed25519Legacy',
    created: '2026-01-01T00:00:00.000Z',
    subkeys: 1,
  });
});

test('tells the bits of an RSA key', async () => {
  const { publicKey } = await generateKey({ type: 'rsa', rsaBits: 2048, userIDs: [{ name: 'Bob' }] });
  expect(await (await inspect(publicKey)).json()).toMatchObject({ userIds: ['Bob'], algorithm: 'rsaEncryptSign 2048' });
});

test.each([
  ['nothing', '', /the body is empty/],
  ['words', 'my key, please', /must start with -----BEGIN PGP PUBLIC KEY BLOCK-----/],
  ['half a key', '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nxjMEaVW5', /must end with/],
  ['a private key', '-----BEGIN PGP PRIVATE KEY BLOCK-----', /private key/],
  [
    'a damaged key',
    '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----',
    /armour is damaged/,
  ],
])('answers %s with 400 and what is wrong', async (_what, body, error) => {
  const response = await inspect(body);
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({ error: expect.stringMatching(error) });
});
