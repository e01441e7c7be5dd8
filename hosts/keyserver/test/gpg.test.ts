import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GpgHome, skipsWithoutGpg } from './gpg-home.ts';
import { runServer, send } from './running-server.ts';
import type { RunningServer } from './running-server.ts';

describe.skipIf(skipsWithoutGpg())('gpg with this key server', { timeout: 60_000 }, () => {
  let running: RunningServer;
  let ada: GpgHome;
  let bob: GpgHome;

  beforeEach(async () => {
    running = await runServer();
    [ada, bob] = await Promise.all([GpgHome.create(running.port), GpgHome.create(running.port)]);
  });

  afterEach(async () => {
    await Promise.all([ada, bob].map((home) => home[Symbol.asyncDispose]()));
    await running[Symbol.asyncDispose]();
  });

  test('sends a key that another receives by fingerprint', async () => {
    const fingerprint = await ada.makeKey('Ada <ada@example.org>');
    expect(await ada.run('--send-keys', fingerprint)).toMatchObject({ status: 0 });
    expect(await bob.run('--recv-keys', fingerprint)).toMatchObject({ status: 0 });
    expect(await bob.fingerprints()).toEqual([fingerprint]);
  });

  test('finds keys by word and by address', async () => {
    const fingerprint = await ada.makeKey('Ada: 100% Ünïcode <ada@example.org>');
    await ada.run('--send-keys', fingerprint);
    for (const text of ['ünïcode', 'ada@example.org', '<ada@example.org>', fingerprint]) {
      const { stdout } = await bob.run('--with-colons', '--search-keys', text);
      expect(stdout, text).toContain(`pub:${fingerprint}:22:`);
      expect(stdout, text).toContain('uid:Ada%3A%20100%25%20');
    }
  });

  test('locates a key by mail address', async () => {
    const fingerprint = await ada.makeKey('Ada <ada@example.org>');
    await ada.run('--send-keys', fingerprint);
    const located = await bob.run('--auto-key-locate', 'clear,keyserver', '--locate-keys', 'ada@example.org');
    expect(located).toMatchObject({ status: 0 });
    expect(await bob.fingerprints()).toEqual([fingerprint]);
  });

  test('spreads a revocation with a refresh', async () => {
    const fingerprint = await ada.makeKey('Ada <ada@example.org>');
    await ada.run('--send-keys', fingerprint);
    await bob.run('--recv-keys', fingerprint);
    expect(await bob.validity(fingerprint)).not.toBe('r');
    expect(await ada.revoke(fingerprint)).toMatchObject({ status: 0 });
    expect(await ada.run('--send-keys', fingerprint)).toMatchObject({ status: 0 });
    expect(await bob.run('--refresh-keys')).toMatchObject({ status: 0 });
    expect(await bob.validity(fingerprint)).toBe('r');
  });

  test('learns new user ids with a refresh', async () => {
    const fingerprint = await ada.makeKey('Ada <ada@example.org>');
    await ada.run('--send-keys', fingerprint);
    await bob.run('--recv-keys', fingerprint);
    await ada.run('--quick-add-uid', fingerprint, 'Ada <countess@example.net>');
    await ada.run('--send-keys', fingerprint);
    await bob.run('--refresh-keys');
    expect((await bob.run('--list-keys', fingerprint)).stdout).toContain('countess@example.net');
  });

  test.each([
    ['rsa2048', 'rsa2048'],
    ['dsa2048', 'dsa2048'],
    ['nistp256', 'nistp256/ecdsa'],
    ['ed25519', 'ed25519'],
  ])('takes a key of kind %s with a signing subkey', async (kind, subkeyKind) => {
    const fingerprint = await ada.makeKey('Ada <ada@example.org>', kind);
    expect(await ada.run('--quick-add-key', fingerprint, subkeyKind, 'sign')).toMatchObject({ status: 0 });
    expect(await ada.run('--send-keys', fingerprint)).toMatchObject({ status: 0 });
    expect(await bob.run('--recv-keys', fingerprint)).toMatchObject({ status: 0 });
    const listed = await Promise.all([ada, bob].map((home) => home.subkeys(fingerprint)));
    expect(listed[1]).toEqual(listed[0]);
    expect(listed[1]).toHaveLength(1);
  });

  test.each(['secp256k1', 'brainpoolP256r1'])(
    'refuses a key on %s, which it cannot verify, and says why',
    async (curve) => {
      const fingerprint = await ada.makeKey('Ada <ada@example.org>', curve);
      expect((await ada.run('--send-keys', fingerprint)).status).not.toBe(0);
      const { stdout: keytext } = await ada.run('--armor', '--export', fingerprint);
      const answer = await send(running.url, keytext);
      expect(answer.status).toBe(422);
      expect(answer.body).toContain('(signatures on its curve cannot be verified here)');
    },
  );

  test('says so when there is no such key', async () => {
    const received = await bob.run('--recv-keys', '0123456789ABCDEF0123456789ABCDEF01234567');
    expect(received.status).not.toBe(0);
    expect(received.stderr).toMatch(/no data/i);
  });
});
