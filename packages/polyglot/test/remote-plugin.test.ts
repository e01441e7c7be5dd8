import { createHash, X509Certificate } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import { startHost } from './running-host.ts';
import { temporaryFolder } from './toolchains.ts';
import { type Identity, makeIdentity } from '../src/launch/certificate.ts';
import { pluginService } from '../src/serve/plugin-service.ts';
import type { ServingStatus } from '../src/wire/messages.ts';
import { services } from '../src/wire/services.ts';

const folder = temporaryFolder();
const [host, elsewhere, stranger] = await Promise.all([makeIdentity(), makeIdentity(), makeIdentity()]);

/** A plugin that runs already and lets in `host` alone. */
async function serveElsewhere(): Promise<{ readonly target: string; readonly end: () => void }> {
  const server = new Server();
  const { plugin, health } = services();
  server.addService({ ...plugin }, pluginService({ methods: { greet: () => 'from elsewhere' } }));
  const check = (_: ServerUnaryCall<object, ServingStatus>, answer: sendUnaryData<ServingStatus>): void =>
    answer(null, { status: 'SERVING' });
  server.addService({ ...health }, { Check: check });
  const pair = { private_key: Buffer.from(elsewhere.privateKey), cert_chain: Buffer.from(elsewhere.certificate) };
  const credentials = ServerCredentials.createSsl(Buffer.from(host.certificate), [pair], true);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync('localhost:0', credentials, (error, port) => (error === null ? resolve(port) : reject(error)));
  const end = (): void => server.forceShutdown();
  onTestFinished(end);
  return { target: `grpcs://localhost:${await promise}`, end };
}

/** A plugin whose folder holds nothing but where it runs. @returns its folder */
function describeRemote(name: string, executable: Readonly<Record<string, unknown>>): string {
  const plugin = join(folder, name);
  mkdirSync(plugin, { recursive: true });
  writeFileSync(join(plugin, 'ca.pem'), elsewhere.certificate);
  const hotswap = { executable: { protocol: 'grpc', ...executable } };
  writeFileSync(
    join(plugin, 'package.json'),
    JSON.stringify({ name, version: '1.0.0', engines: { hotswap: '^1.0.0' }, hotswap }),
  );
  return plugin;
}

function keyOf({ certificate }: Identity): string {
  const spki = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(spki).digest('base64')}`;
}

test('a plugin that runs elsewhere is known by its authority, and knows this host by its certificate', async () => {
  const { target } = await serveElsewhere();
  const { runtime } = await startHost({}, { identity: host });
  expect((await runtime.load(describeRemote('far', { target, ca: 'ca.pem' }))).reason).toBeUndefined();
  expect(await runtime.invoke('far', 'greet')).toBe('from elsewhere');
});

test('or by its key alone', async () => {
  const { target } = await serveElsewhere();
  const { runtime } = await startHost({}, { identity: host });
  expect((await runtime.load(describeRemote('pinned', { target, key: keyOf(elsewhere) }))).reason).toBeUndefined();
  expect(await runtime.invoke('pinned', 'greet')).toBe('from elsewhere');
  const wrong = await runtime.load(describeRemote('swindled', { target, key: keyOf(stranger) }));
  expect(wrong.reason).toMatchObject({
    code: 'PLUGIN_TARGET_REFUSED',
    message: expect.stringContaining('not the pinned one'),
  });
});

test('it lets no host in that it does not know', async () => {
  const { target } = await serveElsewhere();
  const { runtime } = await startHost({ limits: { loadTimeoutMs: 3_000 } }, { identity: stranger });
  expect((await runtime.load(describeRemote('closed', { target, ca: 'ca.pem' }))).outcome).toBe('failed');
  const { runtime: nobody } = await startHost();
  expect((await nobody.load(describeRemote('closed', { target, ca: 'ca.pem' }))).reason).toMatchObject({
    code: 'PLUGIN_TARGET_REFUSED',
  });
});

test('a lost link is the end of that generation', async () => {
  const { target, end } = await serveElsewhere();
  const { runtime, logged } = await startHost({}, { identity: host });
  await runtime.load(describeRemote('torn', { target, ca: 'ca.pem' }));
  end();
  expect((await logged('the isolate of the plugin ended')).fields).toMatchObject({
    error: expect.stringContaining('connection'),
  });
});

test('this host cannot vouch for what it does not run', async () => {
  const { target } = await serveElsewhere();
  const { runtime } = await startHost({ isolation: 'sandbox' }, { identity: host });
  expect((await runtime.load(describeRemote('far', { target, ca: 'ca.pem' }))).reason).toMatchObject({
    code: 'PLUGIN_LEVEL_UNAVAILABLE',
  });
  const unpinned = await runtime.load(describeRemote('unpinned', { target }));
  expect(unpinned.reason).toMatchObject({ code: 'MANIFEST_INVALID' });
});
