import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatStatement, parseEnvelope, formatEnvelope, payloadType, preAuthEncoding } from './envelope.ts';
import { authority, codeSigner, hasOpenssl, type Issued, TestAuthority } from './fixtures/authority.ts';
import { keyIdOf, readPrivateKey, signData } from './keys.ts';
import { findSigners } from './signers.ts';
import { makeSigningKey } from './signing/make-keys.ts';
import { noTrust, trustedSigner, withSigner } from './trust.ts';

const now = Date.now();
const digest = `sha256:${'a'.repeat(64)}`;
const payload = formatStatement({ name: 'a', version: '1.0.0', digest, signedAt: now, expiresAt: undefined });
const data = preAuthEncoding(payloadType, payload);

/** An envelope with the signature of a key, and beside it whatever certificates. */
function signedBy(pem: string, certificates?: string, keyId?: string) {
  const bytes = signData(readPrivateKey(pem, 'key'), data);
  return parseEnvelope(Buffer.from(formatEnvelope(payload, [{ keyId, bytes, certificates }])));
}

const trusting = (pem: string) => withSigner(noTrust, trustedSigner(pem, { name: 'acme', now }));

describe('a plain key', () => {
  const key = makeSigningKey();

  test('signs for whoever trusts it, under any key id', () => {
    for (const keyId of [undefined, key.keyId, `sha256:${'0'.repeat(64)}`, '../../etc/passwd']) {
      expect(findSigners(signedBy(key.privateKey, undefined, keyId), trusting(key.publicKey), now)).toMatchObject([
        { name: 'acme', keyId: key.keyId, problem: undefined },
      ]);
    }
    expect(findSigners(signedBy(key.privateKey), trusting(makeSigningKey().publicKey), now)).toEqual([]);
  });

  test('of a kind that is not accepted signs for nobody and is not trusted', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    expect(() => trusting(pem)).toThrow(/Ed25519 or ECDSA P-256/);
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
    expect(() => trusting(p384.export({ type: 'spki', format: 'pem' }).toString())).toThrow(/Ed25519 or ECDSA P-256/);
  });
});

const isAble = await hasOpenssl();
const title = isAble ? 'a certificate' : 'a certificate (skipped: openssl is not installed)';

describe.skipIf(!isAble)(title, () => {
  let folder: string;
  let [root, signer, other, server]: Issued[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hotswap-signers-'));
    const made = new TestAuthority(folder);
    root = await made.issue('root', { extensions: authority });
    signer = await made.issue('signer', { extensions: codeSigner, issuer: 'root' });
    other = await made.issue('other', { extensions: codeSigner, issuer: 'root' });
    server = await made.issue('server', { extensions: ['extendedKeyUsage=serverAuth'], issuer: 'root' });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const found = (key: Issued | undefined, certificates: string | undefined, trusted = root, at = now) =>
    findSigners(signedBy(key?.key ?? '', certificates), trusting(trusted?.certificate ?? ''), at);

  test('counts when a trusted authority issued it, under the name of that one and with the keys of both', () => {
    const [keyId, rootId] = [signer, root].map((issued) => keyIdOf(readPrivateKey(issued?.key ?? '', 'key')));
    expect(found(signer, signer?.certificate)).toEqual([
      { name: 'acme', keyId, keyIds: [keyId, rootId], plugins: ['*'], problem: undefined },
    ]);
  });

  test('of somebody else beside a signature lends it nothing', () => {
    expect(found(other, signer?.certificate)).toEqual([]);
    expect(found(signer, `${root?.certificate}${signer?.certificate}`)).toEqual([]);
  });

  test('is needed: the key below an authority alone is not trusted', () => {
    expect(found(signer, undefined)).toEqual([]);
    expect(found(root, undefined)).toEqual([]);
    expect(found(signer, 'garbage')).toEqual([]);
  });

  test('that was issued for something else, or has expired, is found with its problem', () => {
    expect(found(server, server?.certificate)).toMatchObject([{ problem: expect.stringMatching(/signing code/) }]);
    expect(found(signer, signer?.certificate, root, now + 400 * 86_400_000)).toMatchObject([
      { problem: expect.stringMatching(/valid from/) },
    ]);
  });

  test('that is trusted itself needs no authority', () => {
    expect(found(signer, signer?.certificate, signer)).toMatchObject([{ problem: undefined }]);
    expect(found(other, other?.certificate, signer)).toEqual([]);
  });
});
