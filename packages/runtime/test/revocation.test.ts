import { join } from 'node:path';
import { rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  editTrust,
  makeSigningKey,
  packPlugin,
  parseRuntimeConfig,
  signPlugin,
  trustedSigner,
  withoutSigner,
  withRevoked,
  withSigner,
} from '@hotswap/runtime';
import type { RuntimeOptions } from '../src/runtime-options.ts';
import { pluginFiles, run, type RunningRuntime, temporaryFolder, until, write } from './running-runtime.ts';

const key = makeSigningKey();
const other = makeSigningKey('ecdsa');
const now = Date.now();

/** A host that demands signatures, and a workshop where releases are made and signed. */
async function signedHost(options: Partial<RuntimeOptions> & { readonly settings?: string } = {}) {
  const folder = await temporaryFolder();
  const data = join(folder.path, 'data');
  const { settings = '', ...rest } = options;
  const text = `[plugins]\nautoLoad = false\n${settings}`;
  const { config } = parseRuntimeConfig(text, { format: 'toml', file: 'h.toml', env: {}, cwd: folder.path });
  await editTrust(data, (store) => withSigner(store, trustedSigner(key.publicKey, { name: 'release', now })));
  const host = await run({ config, data, limits: { probationMs: 0 }, ...rest });
  return {
    host,
    data,
    folder: folder.path,
    trust: (edit: Parameters<typeof editTrust>[1]) => editTrust(data, edit),
    release: async (
      version: string,
      isSigned: boolean,
      start = `ctx.http.get('/a', () => new Response('${version}'))`,
    ) => {
      await write(folder.path, pluginFiles('a', start, { version }));
      const file = join(folder.path, `a-${version}.tgz`);
      await packPlugin(join(folder.path, 'a'), file);
      if (!isSigned) return { archive: file, digest: '' };
      const { digest } = await signPlugin(file, { key: key.privateKey, now });
      return { archive: file, digest };
    },
    [Symbol.asyncDispose]: async () => {
      await host.runtime.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const isWithdrawn = (host: RunningRuntime, code: string) =>
  until(() => host.status('a').state === 'failed' && host.status('a').reason?.code === code, `a is ${code}`);

describe('a host that demands signatures', () => {
  it('runs what somebody trusted has signed, says who, and keeps it when what follows is refused', async () => {
    await using made = await signedHost();
    const { host } = made;
    await host.runtime.load((await made.release('1.0.0', true)).archive);
    expect(host.status('a')).toMatchObject({ unsigned: false, signer: { name: 'release', keyId: key.keyId } });
    const report = await host.runtime.swap('a', (await made.release('2.0.0', false)).archive);
    expect(report).toMatchObject({ outcome: 'kept', reason: { code: 'SIGNATURE_MISSING', kind: 'forbidden' } });
    expect(await host.get('/a')).toEqual([200, '1.0.0']);
    expect(await host.runtime.plan('swap', 'a', { source: join(made.folder, 'a-2.0.0.tgz') })).toMatchObject({
      problems: [{ code: 'SIGNATURE_MISSING' }],
    });
  });

  it('tells when nobody is trusted', async () => {
    await using made = await signedHost();
    await made.trust((store) => withoutSigner(store, 'release'));
    expect(await made.host.runtime.load((await made.release('1.0.0', true)).archive)).toMatchObject({
      outcome: 'failed',
      reason: { code: 'SIGNATURE_UNTRUSTED' },
    });
    expect(made.host.runtime.status().notices.join()).toContain('nobody is trusted');
  });

  it('says of unsigned code that it is', async () => {
    await using made = await signedHost({ settings: '[plugins.security]\nallowUnsigned = true\n' });
    await made.host.runtime.load((await made.release('1.0.0', false)).archive);
    expect(made.host.status('a')).toMatchObject({ state: 'active', unsigned: true, signer: undefined });
    expect(made.host.runtime.status().notices.join()).toContain('allowUnsigned');
  });
});

describe('revoking', () => {
  it.each([
    ['the key', () => 'release', 'SIGNER_REVOKED'],
    ['the release', ({ digest }: { readonly digest: string }) => digest, 'RELEASE_REVOKED'],
  ])('%s unloads what runs, and lets it come back in no way', async (_, what, code) => {
    await using made = await signedHost();
    const { host } = made;
    const { archive, digest } = await made.release('1.0.0', true);
    await host.runtime.load(archive);
    await made.trust((store) => withRevoked(store, what({ digest }), { reason: 'stolen', now }));
    await isWithdrawn(host, code);
    expect((await host.get('/a'))[0]).not.toBe(200);
    expect(host.status('a').reason?.message).toContain('stolen');
    for (const change of [host.runtime.restart('a'), host.runtime.reload('a'), host.runtime.load(archive)]) {
      expect(await change).toMatchObject({ outcome: 'failed', reason: { code } });
    }
    expect(host.runtime.pluginHistory('a').changes).toContainEqual(
      expect.objectContaining({ actor: 'trust', operation: 'unload' }),
    );
  });

  it('is undone by trusting anew: the plugin is there again without being installed again', async () => {
    await using made = await signedHost();
    const { host } = made;
    await host.runtime.load((await made.release('1.0.0', true)).archive);
    await made.trust((store) => withoutSigner(store, 'release'));
    await isWithdrawn(host, 'SIGNATURE_UNTRUSTED');
    await made.trust((store) => withSigner(store, trustedSigner(key.publicKey, { name: 'release', now })));
    expect(await host.runtime.restart('a')).toMatchObject({ outcome: 'swapped' });
    expect(await host.get('/a')).toEqual([200, '1.0.0']);
  });

  it('takes the generation that stands by, and the snapshots with it: nobody returns to them', async () => {
    await using made = await signedHost({ limits: { probationMs: 60_000 } });
    const { host } = made;
    const first = await made.release('1.0.0', true);
    await host.runtime.load(first.archive);
    await host.runtime.swap('a', (await made.release('2.0.0', true)).archive);
    await until(() => host.status('a').generations.some(({ state }) => state === 'standby'), 'one stands by');
    await made.trust((store) => withRevoked(store, first.digest, { reason: '', now }));
    await until(() => host.status('a').generations.length === 1, 'only the new one is left');
    expect(await host.get('/a')).toEqual([200, '2.0.0']);
    expect(await host.runtime.rollback('a')).toMatchObject({ outcome: 'kept', reason: { code: 'RELEASE_REVOKED' } });
    expect(await host.get('/a')).toEqual([200, '2.0.0']);
  });

  it('refuses the way back at once, before the store is looked at by itself', async () => {
    await using made = await signedHost({ limits: { probationMs: 60_000 } });
    const { host } = made;
    const first = await made.release('1.0.0', true);
    await host.runtime.load(first.archive);
    await host.runtime.swap('a', (await made.release('2.0.0', true)).archive);
    await made.trust((store) => withRevoked(store, first.digest, { reason: '', now }));
    // Any load reads the store.
    await host.runtime.plan('swap', 'a', { source: first.archive });
    const outcome = await host.runtime.rollback('a').then(
      ({ reason }) => reason?.code,
      (error: { readonly code: string }) => error.code,
    );
    expect(outcome).toBe('RELEASE_REVOKED');
  });

  it('does not wait for a request that the code holds on to', async () => {
    await using made = await signedHost({ limits: { probationMs: 0, drainTimeoutMs: 60_000 } });
    const { host } = made;
    const start = "ctx.http.get('/a', () => new Promise(() => {}))";
    await host.runtime.load((await made.release('1.0.0', true, start)).archive);
    const held = host.get('/a');
    await until(() => host.status('a').activeRequests === 1, 'a request is held');
    await made.trust((store) => withRevoked(store, 'release', { reason: '', now }));
    await isWithdrawn(host, 'SIGNER_REVOKED');
    expect((await held)[0]).toBeGreaterThanOrEqual(500);
  });

  it('leaves what another key vouches for too', async () => {
    await using made = await signedHost();
    const { host } = made;
    await made.trust((store) => withSigner(store, trustedSigner(other.publicKey, { name: 'second', now })));
    const { archive } = await made.release('1.0.0', true);
    await signPlugin(archive, { key: other.privateKey, isAdded: true, now });
    await host.runtime.load(archive);
    await made.trust((store) => withRevoked(store, 'release', { reason: '', now }));
    await host.runtime.plan('reload', 'a');
    expect(await host.runtime.reload('a')).toMatchObject({ outcome: 'swapped' });
    expect(host.status('a')).toMatchObject({ state: 'active', signer: { name: 'second' } });
  });

  it('holds where unsigned code is allowed, and over a restart', async () => {
    await using made = await signedHost({ settings: '[plugins.security]\nallowUnsigned = true\n' });
    const { archive } = await made.release('1.0.0', false);
    await made.host.runtime.load(archive);
    const { digest } = made.host.status('a').generations[0] ?? { digest: '' };
    await made.trust((store) => withRevoked(store, digest, { reason: '', now }));
    await isWithdrawn(made.host, 'RELEASE_REVOKED');
    await rm(join(made.data, 'trust.json'));
    expect(await made.host.runtime.load(archive)).toMatchObject({ outcome: 'swapped' });
  });
});
