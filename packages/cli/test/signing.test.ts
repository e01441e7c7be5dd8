import { appendFile, cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { createServerLog, type Server, startServer } from '@hotswap/server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommandLine } from '../src/command-line.ts';
import { captureTerminal } from './captured-terminal.ts';
import { answering, makeFolder, writePlugin } from './plugin-folder.ts';

let folder: string;
let server: Server;

beforeAll(async () => {
  folder = await makeFolder('signing');
  await mkdir(join(folder, 'plugins/.releases'), { recursive: true });
  await writeFile(
    join(folder, 'hotswap.toml'),
    '[server]\nbind = "127.0.0.1:0"\n[plugins]\nwatch = false\nprobation = "0s"\ndrainTimeout = "1s"\n',
  );
  server = await startServer({
    mode: 'operate',
    configFile: 'hotswap.toml',
    data: 'data',
    cwd: folder,
    env: {},
    log: createServerLog({ stream: new Writable({ write: (_chunk, _encoding, done) => done() }) }),
  });
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function hotswap(line: string, more: Readonly<Record<string, string>> = {}) {
  const env = { HOTSWAP_URL: server.url, HOTSWAP_SERVER_DATA: 'data', ...more };
  const terminal = captureTerminal({ cwd: folder, env });
  const exitCode = await runCommandLine(line.split(' '), terminal);
  return {
    exitCode,
    out: terminal.out(),
    err: terminal.err(),
    json: () => JSON.parse(terminal.out() || terminal.err()),
  };
}

/** Packs a version of the plugin to where the server may load it from. */
async function pack(version: string, flags = ''): Promise<string> {
  await writePlugin(join(folder, 'src'), { name: 'greeter', version, start: answering('/hello', version) });
  const file = `plugins/.releases/greeter-${version}.tgz`;
  expect(await hotswap(`plugin pack src/greeter --out ${file}${flags}`)).toMatchObject({ exitCode: 0 });
  return file;
}

const hello = async () => (await fetch(`${server.url}/hello`)).text();

test('from a key to a plugin that runs because it is signed, and back', async () => {
  expect(await hotswap('plugin keygen release')).toMatchObject({ exitCode: 0 });
  const first = await pack('1.0.0');
  expect((await hotswap(`plugin verify ${first} --json`)).json()).toMatchObject({
    refusal: { code: 'SIGNATURE_MISSING' },
  });
  const refused = await hotswap(`plugin load ${first}`);
  expect(refused.exitCode).toBe(3);
  expect(refused.err + refused.out).toContain('SIGNATURE_MISSING');

  expect(await hotswap(`plugin sign ${first} --key release.key`)).toMatchObject({ exitCode: 0 });
  expect((await hotswap(`plugin load ${first}`)).exitCode).toBe(3);
  expect((await hotswap('trust add release.pub --plugins greet*')).exitCode).toBe(0);
  expect((await hotswap(`plugin verify ${first}`)).out).toContain('trusted, signed by release');
  const loaded = await hotswap(`plugin load ${first}`);
  expect(loaded).toMatchObject({ exitCode: 0 });
  expect(await hello()).toBe('1.0.0');
  expect((await hotswap('plugin status greeter --json')).json()).toMatchObject({
    unsigned: false,
    signer: { name: 'release' },
  });

  expect((await hotswap('plugin status greeter')).out).toMatch(/^signed by +release$/m);

  const second = await pack('2.0.0', ' --sign release.key');
  await appendFile(join(folder, second), 'x');
  const tampered = await hotswap(`plugin swap greeter ${second}`);
  expect(tampered.exitCode).toBe(3);
  expect(tampered.err + tampered.out).toContain('DIGEST_MISMATCH');
  expect(await hello()).toBe('1.0.0');
  expect((await hotswap(`plugin verify ${second}`)).exitCode).toBe(1);

  expect((await hotswap('trust remove release')).exitCode).toBe(0);
  await expect.poll(hello, { timeout: 8_000 }).not.toBe('1.0.0');
  expect((await hotswap('plugin status greeter --json')).json()).toMatchObject({ state: 'failed' });
  expect((await hotswap('plugin restart greeter')).exitCode).toBe(3);

  expect((await hotswap('trust add release.pub')).exitCode).toBe(0);
  expect(await hotswap('plugin restart greeter')).toMatchObject({ exitCode: 0 });
  expect(await hello()).toBe('1.0.0');
  const { digest } = (await hotswap(`plugin verify ${first} --json`)).json();
  expect((await hotswap(`trust revoke ${digest} --reason broken`)).out).toContain('revoked the digest');
  await expect.poll(hello, { timeout: 8_000 }).not.toBe('1.0.0');
  expect((await hotswap(`plugin verify ${first}`)).out).toMatch(/no revocation: .*broken/);
}, 40_000);

describe('a key', () => {
  test('is readable by its owner alone, and is never overwritten', async () => {
    await hotswap('plugin keygen own --type ecdsa');
    expect((await stat(join(folder, 'own.key'))).mode & 0o777).toBe(0o600);
    const before = await readFile(join(folder, 'own.key'), 'utf8');
    expect(await hotswap('plugin keygen own')).toMatchObject({
      exitCode: 5,
      err: expect.stringContaining('FILE_EXISTS'),
    });
    expect(await readFile(join(folder, 'own.key'), 'utf8')).toBe(before);
  });

  test('can be encrypted with a passphrase', async () => {
    const file = await pack('3.0.0');
    await hotswap('plugin keygen locked', { HOTSWAP_KEY_PASSPHRASE: 'open sesame' });
    expect(await readFile(join(folder, 'locked.key'), 'utf8')).toContain('ENCRYPTED');
    const line = `plugin sign ${file} --key locked.key`;
    expect((await hotswap(line)).err).toContain('KEY_UNUSABLE');
    expect(await hotswap(line, { HOTSWAP_KEY_PASSPHRASE: 'open sesame' })).toMatchObject({ exitCode: 0 });
  });

  test('that is private is not trusted, nor is a file that is none', async () => {
    await hotswap('plugin keygen mine');
    expect((await hotswap('trust add mine.key')).err).toContain('private key');
    expect((await hotswap('trust add hotswap.toml')).err).toContain('KEY_UNUSABLE');
    expect((await hotswap('trust add nowhere.pub')).err).toContain('FILE_UNREADABLE');
    expect((await hotswap('trust remove nobody')).err).toContain('TRUST_UNKNOWN');
    expect((await hotswap('trust revoke nobody')).err).toContain('TRUST_UNKNOWN');
  });
});

test('a folder is signed inside, and its signature can have an end', async () => {
  const own = join(folder, 'own-folder');
  await mkdir(own);
  await cp(join(folder, 'src/greeter'), join(own, 'greeter'), { recursive: true });
  await hotswap('plugin keygen dated');
  const day = await hotswap('plugin sign own-folder/greeter --key dated.key --expires 2099-01-31 --json');
  expect(day.json()).toMatchObject({ plugin: 'greeter', file: 'own-folder/greeter/hotswap.signature.json' });
  expect(await readdir(join(own, 'greeter'))).toContain('hotswap.signature.json');
  expect((await hotswap('plugin sign own-folder/greeter --key dated.key --expires 30d')).exitCode).toBe(0);
  for (const wrong of ['soon', '2001-01-01', '0d']) {
    const line = `plugin sign own-folder/greeter --key dated.key --expires ${wrong}`;
    expect(await hotswap(line)).toMatchObject({ exitCode: 2, err: expect.stringContaining('USAGE_INVALID') });
  }
});

test('list shows whom the host trusts and what it has revoked', async () => {
  await hotswap('plugin keygen listed');
  await hotswap('trust add listed.pub --name acme --plugins acme-*,billing', { HOTSWAP_SERVER_DATA: 'elsewhere' });
  await hotswap('trust revoke acme --reason gone', { HOTSWAP_SERVER_DATA: 'elsewhere' });
  const { out } = await hotswap('trust list --data elsewhere');
  expect(out).toMatch(/^acme +key +acme-\*, billing +revoked +sha256:/m);
  expect(out).toMatch(/^key +\S+ +gone +sha256:/m);
  expect((await hotswap('trust list --data nowhere')).out).toContain('nobody is trusted');
});

test.each([
  ['plugin sign', 'ARGUMENT_MISSING'],
  ['plugin sign x.tgz', 'ARGUMENT_MISSING'],
  ['plugin verify', 'ARGUMENT_MISSING'],
  ['plugin keygen', 'ARGUMENT_MISSING'],
  ['plugin keygen k --type rsa', 'USAGE_INVALID'],
  ['trust revoke x --type thing', 'USAGE_INVALID'],
])('%s says what it lacks', async (line, code) => {
  expect(await hotswap(line)).toMatchObject({ exitCode: 2, err: expect.stringContaining(code) });
});
