import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { guarded } from './guarded.ts';
import { pluginService } from './plugin-service.ts';
import type { ServedPlugin } from './served-plugin.ts';
import { largestMessage } from '../calls/plugin-client.ts';
import { type Identity, makeIdentity } from '../launch/certificate.ts';
import { cookie, variables, writeHandshake } from '../launch/handshake.ts';
import type { ServingStatus } from '../wire/messages.ts';
import { protocolVersion, services } from '../wire/services.ts';
import { deadlineIn, lookEvery } from '../deadline.ts';
import { fail } from '../errors.ts';

/** How often a plugin that another kind of host started looks whether that is still there. */
const parentCheckMs = 1_000;
const closeMs = 2_000;

/**
 * Makes this process a plugin: listens, prints the handshake line, and serves until its host says Shutdown or is gone. Hosts
 * that are written with HashiCorp's go-plugin start it as HotSwap does, with automatic mTLS where they ask for it.
 *
 * @example
 * await servePlugin({ methods: { greet: (data) => ({ text: `Hello, ${data.name}!` }) } });
 *
 * @throws PLUGIN_NOT_LAUNCHED, PLUGIN_VERSION_UNSUPPORTED
 */
export async function servePlugin(plugin: ServedPlugin): Promise<void> {
  const { env } = process;
  if (env[cookie.name] !== cookie.value) throw fail('PLUGIN_NOT_LAUNCHED', { variable: cookie.name });
  const versions = (env[variables.versions] ?? String(protocolVersion)).split(',');
  if (!versions.includes(String(protocolVersion))) {
    throw fail('PLUGIN_VERSION_UNSUPPORTED', {
      plugin: 'here',
      what: 'plugin.proto',
      found: protocolVersion,
      known: versions.join(', '),
    });
  }
  const hostCertificate = env[variables.clientCertificate] ?? '';
  const token = env[variables.token];
  const identity = hostCertificate === '' ? undefined : await makeIdentity();
  const ended = Promise.withResolvers<void>();
  const server = serverOf(plugin, token, () => ended.resolve());
  // Mode 0700: nobody else reaches the socket, whatever its own mode.
  const folder = await mkdtemp(join(tmpdir(), 'plugin-'));
  const address = join(token === undefined ? folder : tmpdir(), `plugin-${process.pid}.sock`);
  await listen(server, `unix:${address}`, credentialsOf(identity, hostCertificate));
  await chmod(address, 0o600);
  watchHost(token !== undefined, () => ended.resolve());
  process.stdout.write(writeHandshake({ network: 'unix', address, certificate: identity?.der }));
  await ended.promise;
  await close(server);
  await rm(folder, { recursive: true, force: true });
}

function serverOf(plugin: ServedPlugin, token: string | undefined, shutDown: () => void): Server {
  const server = new Server({
    'grpc.max_receive_message_length': largestMessage,
    'grpc.max_send_message_length': largestMessage,
  });
  const { plugin: service, health, controller, broker } = services();
  server.addService({ ...service }, guarded(pluginService(plugin), token));
  server.addService(
    { ...health },
    {
      Check: (_: ServerUnaryCall<object, ServingStatus>, answer: sendUnaryData<ServingStatus>) =>
        answer(null, { status: 'SERVING' }),
    },
  );
  server.addService(
    { ...controller },
    {
      Shutdown: (_: ServerUnaryCall<object, object>, answer: sendUnaryData<object>) => {
        answer(null, {});
        shutDown();
      },
    },
  );
  // Held open for hosts that would open further connections over it; this plugin asks for none.
  server.addService(
    { ...broker },
    {
      StartStream: (stream: ServerDuplexStream<object, object>) => {
        stream.on('data', () => {});
        stream.on('end', () => stream.end());
      },
    },
  );
  return server;
}

function credentialsOf(identity: Identity | undefined, hostCertificate: string): ServerCredentials {
  if (identity === undefined) return ServerCredentials.createInsecure();
  const pair = { private_key: Buffer.from(identity.privateKey), cert_chain: Buffer.from(identity.certificate) };
  return ServerCredentials.createSsl(Buffer.from(hostCertificate), [pair], true);
}

function listen(server: Server, address: string, credentials: ServerCredentials): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.bindAsync(address, credentials, (error) => (error === null ? resolve() : reject(error)));
  return promise;
}

/** HotSwap holds standard input open for as long as it lives; of other hosts the end of the parent tells. */
function watchHost(isHotswap: boolean, gone: () => void): void {
  // A terminal's interrupt goes to the host too, which then says Shutdown.
  process.on('SIGINT', () => {});
  process.once('SIGTERM', gone);
  if (isHotswap && !process.stdin.isTTY) {
    process.stdin.once('end', gone).once('error', gone).resume();
    return;
  }
  const parent = process.ppid;
  lookEvery(parentCheckMs, () => {
    if (process.ppid !== parent) gone();
  });
}

/** Lets calls under way end, for a while. */
async function close(server: Server): Promise<void> {
  const closed = Promise.withResolvers<void>();
  server.tryShutdown(() => closed.resolve());
  const { over, cancel } = deadlineIn(closeMs);
  await Promise.race([closed.promise, over]);
  cancel();
  server.forceShutdown();
  process.stdin.pause();
}
