import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkChain, readCertificates } from './certificates.ts';
import { authority, codeSigner, hasOpenssl, type Issued, TestAuthority } from './fixtures/authority.ts';

const isAble = await hasOpenssl();
const title = isAble ? 'a chain of certificates' : 'a chain of certificates (skipped: openssl is not installed)';
const day = 86_400_000;

describe.skipIf(!isAble)(title, () => {
  let folder: string;
  const issued = new Map<string, Issued>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hotswap-certificates-'));
    const made = new TestAuthority(folder);
    const issue = async (name: string, options: Parameters<TestAuthority['issue']>[1]) =>
      void issued.set(name, await made.issue(name, options));
    await issue('root', { extensions: authority });
    await issue('stranger', { extensions: authority });
    await issue('middle', { extensions: authority, issuer: 'root' });
    await issue('named', { extensions: [...authority, 'nameConstraints=permitted;DNS:acme.test'], issuer: 'root' });
    await issue('mail', { extensions: [...authority, 'extendedKeyUsage=emailProtection'], issuer: 'root' });
    await issue('signer', { extensions: codeSigner, issuer: 'middle' });
    await issue('direct', { extensions: codeSigner, issuer: 'root' });
    await issue('foreign', { extensions: codeSigner, issuer: 'stranger' });
    await issue('server', { extensions: ['basicConstraints=CA:FALSE', 'extendedKeyUsage=serverAuth'], issuer: 'root' });
    await issue('any', { extensions: ['extendedKeyUsage=anyExtendedKeyUsage'], issuer: 'root' });
    await issue('plain', { extensions: ['basicConstraints=CA:FALSE'], issuer: 'root' });
    await issue('big', { extensions: codeSigner, issuer: 'root', curve: 'P-384' });
    await issue('forged', { extensions: codeSigner, issuer: 'root', digest: 'sha1' });
    await issue('below-signer', { extensions: codeSigner, issuer: 'signer' });
    await issue('by-named', { extensions: codeSigner, issuer: 'named' });
    await issue('by-mail', { extensions: codeSigner, issuer: 'mail' });
    await issue('alone', { extensions: codeSigner });
  }, 30_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const chain = (...names: readonly string[]) =>
    names.flatMap((name) => readCertificates(issued.get(name)?.certificate ?? ''));
  const check = (names: readonly string[], anchor = 'root', moments = [Date.now()]) =>
    checkChain(chain(...names), chain(anchor), moments);

  test('holds from a signer of code to the trusted authority, with or without that one in it', () => {
    expect(check(['signer', 'middle'])).toMatchObject({ problem: undefined });
    expect(check(['signer', 'middle', 'root'])).toMatchObject({ problem: undefined });
    expect(check(['direct'])).toMatchObject({ problem: undefined });
    expect(check(['signer'], 'middle')?.keyIds).toHaveLength(2);
    expect(check(['signer', 'middle'])?.keyIds).toHaveLength(3);
  });

  test('holds for a certificate that is itself trusted, also one that nobody else has issued', () => {
    expect(check(['alone'], 'alone')).toMatchObject({ problem: undefined });
    expect(check(['signer'], 'signer')).toMatchObject({ problem: undefined });
  });

  test('leads to nobody when the authority is another, or a link is missing', () => {
    expect(check(['foreign', 'stranger'])).toBeUndefined();
    expect(check(['signer'])).toBeUndefined();
    expect(check(['foreign', 'root'])).toBeUndefined();
    expect(check([])).toBeUndefined();
  });

  test.each<[string, readonly string[], RegExp]>([
    ['is for servers', ['server'], /not meant for signing code/],
    ['is for anything', ['any'], /not meant for signing code/],
    ['does not say what it is for', ['plain'], /not meant for signing code/],
    ['is an authority itself', ['root'], /authority/],
    ['has a key of another kind', ['big'], /neither Ed25519 nor ECDSA/],
    ['is signed with SHA-1', ['forged'], /SHA-1/],
    ['comes from an authority that is limited to names', ['by-named', 'named'], /limited to names/],
    ['comes from an authority for mail', ['by-mail', 'mail'], /signers of code/],
  ])('does not hold for a certificate that %s', (_, names, problem) => {
    expect(check(names)?.problem).toMatch(problem);
  });

  test('does not hold through a signer that plays the authority', () => {
    // Node itself takes no such certificate for an issuer; should it ever, the problem is told.
    const checked = check(['below-signer', 'signer', 'middle']);
    expect(checked === undefined || checked.problem !== undefined).toBe(true);
  });

  test('does not hold before and after its time, nor when it was signed outside of it', () => {
    const now = Date.now();
    expect(check(['direct'], 'root', [now, now + 366 * day])?.problem).toMatch(/is valid from/);
    expect(check(['direct'], 'root', [now - 2 * day, now])?.problem).toMatch(/is valid from/);
    expect(check(['direct'], 'root', [Number.NaN])?.problem).toMatch(/is valid from/);
  });

  test('is not read from what is none, or too long', () => {
    expect(() => readCertificates('garbage')).toThrow(/no certificate/);
    const one = issued.get('root')?.certificate ?? '';
    expect(() => readCertificates(one.repeat(6))).toThrow(/more than 5/);
    expect(() => readCertificates(one.replace(/[A-Za-z0-9]{20}/, 'AAAAAAAAAAAAAAAAAAAA'))).toThrow(/cannot be read/);
  });
});
