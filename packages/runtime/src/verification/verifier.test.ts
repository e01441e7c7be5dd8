import { cp, mkdir, mkdtemp, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createLoader } from '../loading/load-artifact.ts';
import { packPlugin } from '../loading/pack.ts';
import type { PluginSource } from '../loading/plugin-source.ts';
import { digestOfFolder, folderSignature } from './content-digest.ts';
import { formatEnvelope, formatStatement, payloadType, preAuthEncoding } from './envelope.ts';
import { readPrivateKey, signData } from './keys.ts';
import { type SignaturePolicy } from './judge.ts';
import { lockFile } from './lock-file.ts';
import { signPlugin, type SigningOptions } from './signing/sign-plugin.ts';
import { inspectPlugin } from './signing/inspect-plugin.ts';
import { type KeyPair, makeSigningKey } from './signing/make-keys.ts';
import { editTrust, trustFile } from './trust-file.ts';
import { trustedSigner, withoutSigner, withRevoked, withSigner } from './trust.ts';
import { Verifier } from './verifier.ts';

const signal = AbortSignal.timeout(60_000);
const now = Date.now();
const release = makeSigningKey();
const second = makeSigningKey('ecdsa');
const stranger = makeSigningKey();

let folder: string;
let data: string;
let warnings: unknown[];

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'hotswap-verifier-')));
  data = join(folder, 'data');
  warnings = [];
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await trust(release, 'release');
});

async function trust(key: KeyPair, name: string, plugins = ['*']): Promise<void> {
  await editTrust(data, (store) => withSigner(store, trustedSigner(key.publicKey, { name, plugins, now })));
}

async function writeFolder(name = 'greeter', version = '1.0.0', code = "start() { return 'one'; }"): Promise<string> {
  const plugin = join(folder, `${name}-${version}`);
  await mkdir(plugin, { recursive: true });
  const manifest = { name, version, type: 'module', main: './index.js', engines: { hotswap: '^1.0.0' }, hotswap: {} };
  await writeFile(join(plugin, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(plugin, 'index.js'), `export default { ${code} };\n`);
  return plugin;
}

async function archive(name = 'greeter', version = '1.0.0', code?: string): Promise<string> {
  const file = join(folder, `${name}-${version}.tgz`);
  await packPlugin(await writeFolder(name, version, code), file);
  return file;
}

function sign(source: string, key: KeyPair = release, more: Partial<SigningOptions> = {}) {
  return signPlugin(source, { key: key.privateKey, now, ...more });
}

async function load(source: PluginSource, policy: SignaturePolicy = 'required', at = now) {
  const log = { debug: () => {}, warn: (fields: unknown) => void warnings.push(fields) };
  const verifier = new Verifier({ policy, data, now: () => at, log });
  const loader = createLoader({ verifier, log });
  try {
    return await loader.load(source, { signal });
  } finally {
    await loader.close();
  }
}

/** A signature of a folder by the trusted key, made by hand. */
async function envelopeFor(plugin: string): Promise<string> {
  const { digest } = await digestOfFolder(plugin);
  const payload = formatStatement({ name: 'greeter', version: '1.0.0', digest, signedAt: now, expiresAt: undefined });
  const bytes = signData(readPrivateKey(release.privateKey, 'key'), preAuthEncoding(payloadType, payload));
  return formatEnvelope(payload, [{ keyId: release.keyId, bytes, certificates: undefined }]);
}

const refusal = (source: PluginSource, policy?: SignaturePolicy, at?: number) =>
  load(source, policy, at).then(
    ({ verification }) => verification?.vouchedBy,
    (error: { readonly code?: string }) => error.code,
  );

describe('an archive', () => {
  test('that somebody trusted has signed is loaded, and says who', async () => {
    const file = await archive();
    const { keyId, digest } = await sign(file, release, { expiresAt: now + 60_000 });
    const { verification } = await load(file);
    expect(verification).toMatchObject({
      vouchedBy: 'signature',
      checksum: digest,
      signer: { name: 'release', keyId, expiresAt: now + 60_000 },
    });
  });

  test.each(['ed25519', 'ecdsa'] as const)('is verified with a key of type %s', async (type) => {
    const key = makeSigningKey(type);
    await trust(key, type);
    const file = await archive();
    await sign(file, key);
    expect(await refusal(file)).toBe('signature');
  });

  test('whose signature was taken away is refused', async () => {
    const file = await archive();
    const { file: signature } = await sign(file);
    await rm(signature);
    expect(await refusal(file)).toBe('SIGNATURE_MISSING');
  });

  test('with one more byte, or one byte less, is refused', async () => {
    const file = await archive();
    await sign(file);
    const bytes = await readFile(file);
    await writeFile(file, Buffer.concat([bytes, Buffer.of(0)]));
    expect(await refusal(file)).toBe('DIGEST_MISMATCH');
    await writeFile(file, bytes.subarray(0, -1));
    expect(await refusal(file)).toBe('DIGEST_MISMATCH');
    await writeFile(file, '');
    expect(await refusal(file)).toBe('DIGEST_MISMATCH');
  });

  test('with the signature of an older version, or of another plugin, is refused', async () => {
    const file = await archive('greeter', '2.0.0');
    const old = await archive('greeter', '1.0.0');
    const another = await archive('another', '2.0.0');
    for (const source of [old, another]) {
      await rename((await sign(source)).file, `${file}.dsse.json`);
      expect(await refusal(file)).toBe('DIGEST_MISMATCH');
    }
  });

  test('whose signature names another plugin for the very same bytes is refused', async () => {
    const file = await archive();
    const { file: signature } = await sign(file);
    const envelope = JSON.parse(await readFile(signature, 'utf8'));
    const statement = Buffer.from(envelope.payload, 'base64').toString().replaceAll('greeter', 'payments');
    const key = readPrivateKey(release.privateKey, 'key');
    const bytes = signData(key, preAuthEncoding(payloadType, Buffer.from(statement)));
    const text = formatEnvelope(Buffer.from(statement), [{ keyId: release.keyId, bytes, certificates: undefined }]);
    await writeFile(signature, text);
    expect(await refusal(file)).toBe('SIGNATURE_OF_ANOTHER');
  });

  test('signed over the same payload as another type is refused', async () => {
    const file = await archive();
    const { file: signature } = await sign(file);
    const envelope = JSON.parse(await readFile(signature, 'utf8'));
    const payload = Buffer.from(envelope.payload, 'base64');
    const key = readPrivateKey(release.privateKey, 'key');
    for (const signed of [payload, preAuthEncoding('application/json', payload)]) {
      envelope.signatures = [{ keyid: release.keyId, sig: signData(key, signed).toString('base64') }];
      await writeFile(signature, JSON.stringify(envelope));
      expect(await refusal(file)).toBe('SIGNATURE_UNTRUSTED');
    }
  });

  test('signed by a stranger is refused, whatever key id the signature claims', async () => {
    const file = await archive();
    const { file: signature } = await sign(file, stranger);
    expect(await refusal(file)).toBe('SIGNATURE_UNTRUSTED');
    const text = await readFile(signature, 'utf8');
    await writeFile(signature, text.replace(stranger.keyId, release.keyId));
    expect(await refusal(file)).toBe('SIGNATURE_UNTRUSTED');
    await writeFile(
      signature,
      (await readFile((await sign(file)).file, 'utf8')).replace(release.keyId, stranger.keyId),
    );
    expect(await refusal(file)).toBe('signature');
  });

  test('with several signatures needs one that is trusted', async () => {
    const file = await archive();
    await sign(file, stranger);
    const { signatures } = await sign(file, release, { isAdded: true });
    expect(signatures).toBe(2);
    expect(await refusal(file)).toBe('signature');
    await editTrust(data, (store) => withoutSigner(store, 'release'));
    expect(await refusal(file)).toBe('SIGNATURE_UNTRUSTED');
  });

  test('cannot get a second signature over other bytes', async () => {
    const file = await archive();
    await sign(file);
    await writeFile(file, await readFile(await archive('greeter', '1.0.0', 'start() {}')));
    await writeFile(file, Buffer.concat([await readFile(file), Buffer.of(0)]));
    await expect(
      sign(await archive('greeter', '1.0.0', 'start() { return 3; }'), second, { isAdded: true }),
    ).rejects.toMatchObject({
      code: 'SIGNATURE_OF_ANOTHER',
    });
  });

  test.each<[string, string | Buffer, string]>([
    ['garbage', 'garbage', 'SIGNATURE_MALFORMED'],
    ['nothing', '', 'SIGNATURE_MALFORMED'],
    ['a megabyte of spaces', ' '.repeat(1_048_576), 'SIGNATURE_MALFORMED'],
    ['bytes that are no text', Buffer.from([0xff, 0x00]), 'SIGNATURE_MALFORMED'],
  ])('with %s for a signature is refused', async (_, content, code) => {
    const file = await archive();
    await writeFile(`${file}.dsse.json`, content);
    expect(await refusal(file)).toBe(code);
  });

  test('with a folder where the signature should be is refused', async () => {
    const file = await archive();
    await mkdir(`${file}.dsse.json`);
    expect(await refusal(file)).toBe('SIGNATURE_MALFORMED');
  });

  test('is refused from the moment its signature expires, and before it was made', async () => {
    const file = await archive();
    await sign(file, release, { expiresAt: now + 60_000 });
    expect(await refusal(file, 'required', now + 59_999)).toBe('signature');
    expect(await refusal(file, 'required', now + 60_000)).toBe('SIGNATURE_NOT_IN_FORCE');
    expect(await refusal(file, 'required', now - 3_600_000)).toBe('SIGNATURE_NOT_IN_FORCE');
  });

  test('is refused when its signer is trusted for others alone', async () => {
    await trust(second, 'payments', ['payments', 'pay-*']);
    const file = await archive();
    await sign(file, second);
    expect(await refusal(file)).toBe('SIGNER_OUT_OF_SCOPE');
    const theirs = await archive('pay-out');
    await sign(theirs, second);
    expect(await refusal(theirs)).toBe('signature');
  });

  test('is refused once its key or its digest is revoked, also where nothing else is asked', async () => {
    const file = await archive();
    const { digest } = await sign(file);
    await editTrust(data, (store) => withRevoked(store, 'release', { reason: 'stolen', now }));
    expect(await refusal(file)).toBe('SIGNER_REVOKED');
    expect(await refusal(file, 'optional')).toBe('SIGNER_REVOKED');
    expect(await refusal(file, 'off')).toBe('operator');
    await editTrust(data, (store) => withRevoked(store, digest, { reason: '', now }));
    expect(await refusal(file, 'off')).toBe('RELEASE_REVOKED');
  });

  test('is refused by the digest that status names it by', async () => {
    const file = await archive();
    const { digest } = await load(file, 'off');
    await editTrust(data, (store) => withRevoked(store, digest, { reason: '', now }));
    expect(await refusal(file, 'off')).toBe('RELEASE_REVOKED');
  });

  test('is not built: what would make a bundler read a file of the host stays text, or is refused', async () => {
    const tricks = [
      "import secret from '/etc/passwd'; export default { start() { return secret; } };",
      "import secret from '/etc/passwd' with { type: 'text' }; export default { start() { return secret; } };",
      "import secret from '../../../../etc/passwd'; export default { start() { return secret; } };",
      "export * from 'file:///etc/passwd'; export default {};",
      "export default { start: () => require('/etc/passwd') };",
      "export default { start: () => import('/etc/passwd') };",
      "export default { start: () => new URL('/etc/passwd', import.meta.url) };",
    ];
    const { pack } = await import('tar-stream');
    const { gzipSync } = await import('node:zlib');
    const file = join(folder, 'trick.tgz');
    const manifest = {
      name: 'trick',
      version: '1.0.0',
      main: './index.js',
      engines: { hotswap: '^1.0.0' },
      hotswap: {},
    };
    for (const code of tricks) {
      const tar = pack();
      tar.entry({ name: 'package/package.json' }, JSON.stringify(manifest));
      tar.entry({ name: 'package/index.js' }, code);
      tar.entry({ name: 'package/tsconfig.json' }, '{"compilerOptions":{"paths":{"*":["/etc/*"]}}}');
      tar.finalize();
      const chunks: Uint8Array[] = [];
      for await (const chunk of tar) if (chunk instanceof Uint8Array) chunks.push(chunk);
      await writeFile(file, gzipSync(Buffer.concat(chunks)));
      await sign(file);
      const outcome = await load(file, 'optional').then(
        ({ program }) => JSON.stringify(program),
        (error: { readonly code: string }) => error.code,
      );
      expect(outcome).not.toContain('root:x:');
      expect(outcome === 'ARCHIVE_NOT_BUNDLED' || outcome.includes('/etc/passwd')).toBe(true);
    }
  });
});

describe('a folder', () => {
  test('that is signed is loaded, and refused when any file of it changed', async () => {
    const plugin = await writeFolder();
    await sign(plugin);
    expect(await refusal(plugin)).toBe('signature');
    await writeFile(join(plugin, 'notes.txt'), 'more');
    expect(await refusal(plugin)).toBe('DIGEST_MISMATCH');
    await rm(join(plugin, 'notes.txt'));
    await writeFile(join(plugin, 'index.js'), 'export default { start() {} };\n');
    expect(await refusal(plugin)).toBe('DIGEST_MISMATCH');
  });

  test('has the same digest wherever it lies', async () => {
    const plugin = await writeFolder();
    const { digest } = await sign(plugin);
    await cp(plugin, join(folder, 'elsewhere'), { recursive: true });
    expect((await sign(join(folder, 'elsewhere'))).digest).toBe(digest);
  });

  test('may not take in what its signature leaves out: neither when it is signed nor when it is loaded', async () => {
    const plugin = await writeFolder();
    const code = "import { hidden } from 'WHERE';\nexport default { start() { return hidden; } };\n";
    await mkdir(join(plugin, '.git'));
    await mkdir(join(folder, 'node_modules', 'shared'), { recursive: true });
    await writeFile(join(plugin, '.git', 'hidden.js'), 'export const hidden = 1;');
    await writeFile(join(folder, 'node_modules', 'shared', 'index.js'), 'export const hidden = 2;');
    for (const where of ['./.git/hidden.js', 'shared']) {
      await writeFile(join(plugin, 'index.js'), code.replace('WHERE', where));
      await expect(sign(plugin)).rejects.toMatchObject({ code: 'FILE_NOT_SIGNED' });
      // Somebody signs with a tool that does not look.
      await writeFile(join(plugin, folderSignature), await envelopeFor(plugin));
      expect(await refusal(plugin)).toBe('FILE_NOT_SIGNED');
    }
  });

  test('is built as it was signed: another tsconfig.json is another plugin', async () => {
    const plugin = await writeFolder();
    await writeFile(join(plugin, 'tsconfig.json'), '{}');
    await sign(plugin);
    expect(await refusal(plugin)).toBe('signature');
    await writeFile(join(plugin, 'tsconfig.json'), '{"compilerOptions":{"jsx":"react"}}');
    expect(await refusal(plugin)).toBe('DIGEST_MISMATCH');
    const single = join(folder, 'single.js');
    await writeFile(single, 'export default { start() {} };');
    await sign(single);
    expect(await refusal(single)).toBe('signature');
    await writeFile(join(folder, 'tsconfig.json'), '{}');
    expect(await refusal(single)).toBe('FILE_NOT_SIGNED');
  });

  test('that is a program of its own is verified as a whole', async () => {
    const plugin = join(folder, 'native');
    const executable = { protocol: 'grpc', command: ['./serve'] };
    const manifest = { name: 'native', version: '1.0.0', engines: { hotswap: '^1.0.0' }, hotswap: { executable } };
    await mkdir(plugin);
    await writeFile(join(plugin, 'package.json'), JSON.stringify(manifest));
    await writeFile(join(plugin, 'serve'), '#!/bin/sh\n');
    expect(await refusal(plugin)).toBe('SIGNATURE_MISSING');
    await sign(plugin);
    expect(await refusal(plugin)).toBe('signature');
    await writeFile(join(plugin, 'serve'), '#!/bin/sh\nexit 1\n');
    expect(await refusal(plugin)).toBe('DIGEST_MISMATCH');
  });

  test('with a link that leads out of it can be neither signed nor loaded', async () => {
    const plugin = await writeFolder();
    await symlink('/etc', join(plugin, 'etc'));
    await expect(sign(plugin)).rejects.toMatchObject({ code: 'CONTENT_UNSIGNABLE' });
  });

  test('that changes while it is read is refused', async () => {
    const plugin = await writeFolder();
    await sign(plugin);
    const verifier = new Verifier({ policy: 'required', data, now: () => now, log: { warn: () => {} } });
    const examined = await verifier.examine({ type: 'folder', folder: plugin });
    const artifact = await load(plugin);
    await writeFile(join(plugin, 'index.js'), 'export default {};');
    await expect(verifier.admit(examined, artifact, [join(plugin, 'index.js')])).rejects.toMatchObject({
      code: 'SOURCE_CHANGED',
    });
  });

  test('where unsigned code is allowed loads also with a signature that no longer fits, and that is told', async () => {
    const plugin = await writeFolder();
    await sign(plugin);
    expect(await refusal(plugin, 'optional')).toBe('signature');
    await writeFile(join(plugin, 'index.js'), 'export default { start() {} };\n');
    expect(await refusal(plugin, 'optional')).toBe('operator');
    expect(warnings).toMatchObject([{ code: 'DIGEST_MISMATCH' }]);
    await rm(join(plugin, folderSignature));
    expect(await refusal(plugin, 'optional')).toBe('operator');
  });
});

describe('the lock', () => {
  test('never lets a version mean other bytes, signed or not', async () => {
    const file = await archive();
    const { digest } = await sign(file);
    await load(file);
    expect(JSON.parse(await readFile(lockFile(data), 'utf8'))).toMatchObject({
      plugins: { greeter: { '1.0.0': { digest, signer: release.keyId } } },
    });
    expect(await refusal(file)).toBe('signature');
    const other = await archive('greeter', '1.0.0', 'start() {}');
    const { digest: found } = await sign(other);
    const error: Error = await load(other).then(
      () => new Error('was loaded'),
      (reason: Error) => reason,
    );
    expect(error).toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(error.message).toContain(digest);
    expect(error.message).toContain(found);
    expect(error.message).toContain(lockFile(data));
    const inspection = await inspectPlugin(other, { data, now });
    expect(inspection).toMatchObject({ refusal: { code: 'DIGEST_MISMATCH' } });
    const next = await archive('greeter', '1.0.1');
    await sign(next);
    expect(await refusal(next)).toBe('signature');
  });

  test('is not written where unsigned code is allowed, and refuses everything when it cannot be read', async () => {
    const file = await archive();
    await sign(file);
    await load(file, 'optional');
    await expect(readFile(lockFile(data))).rejects.toMatchObject({ code: 'ENOENT' });
    await writeFile(lockFile(data), '{"format":1}');
    expect(await refusal(file)).toBe('LOCK_UNREADABLE');
  });
});

describe('the trust store', () => {
  test('that cannot be read lets nothing in', async () => {
    const file = await archive();
    await sign(file);
    const good = await readFile(trustFile(data), 'utf8');
    const bad = [
      good.slice(0, -10),
      good.replace('"format": 1', '"format": 2'),
      good.replace('"revoked": []', '"revoked": [{}]'),
      good.replace('"signers"', '"signers": [], "signers"'),
      good.replace(release.keyId, second.keyId),
    ];
    for (const text of bad) {
      await writeFile(trustFile(data), text);
      for (const policy of ['required', 'optional', 'off'] as const) {
        expect(await refusal(file, policy)).toBe('TRUST_UNREADABLE');
      }
    }
  });

  test('takes public keys and single certificates alone, and a name once', async () => {
    expect(() => trustedSigner(release.privateKey, { name: 'x', now })).toThrow(/private key/);
    expect(() => trustedSigner('garbage', { name: 'x', now })).toThrow(
      expect.objectContaining({ code: 'KEY_UNUSABLE' }),
    );
    expect(() => trustedSigner(release.publicKey, { name: 'x', plugins: ['a*b'], now })).toThrow(/"a\*b"/);
    await expect(trust(second, 'release')).rejects.toMatchObject({ code: 'TRUST_NAME_TAKEN' });
    await expect(editTrust(data, (store) => withoutSigner(store, 'nobody'))).rejects.toMatchObject({
      code: 'TRUST_UNKNOWN',
    });
  });
});

test('a definition that the host brings along is the word of the host', async () => {
  expect(await refusal({ name: 'own', definition: { start: () => {} } as never })).toBe('host');
});
