import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join, relative, resolve, sep } from 'node:path';
import { connect, createSecureContext } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import { type ExecutableField, messageOf } from '@hotswap/protocol';
import { toPem } from './certificate.ts';
import type { Endpoint } from './endpoint.ts';
import { fail } from '../errors.ts';

/** Who this host is to plugins that run elsewhere: certificate and key, both in PEM. */
export interface HostIdentity {
  readonly certificate: string;
  readonly privateKey: string;
}

const connectMs = 10_000;

/**
 * A plugin that runs already, reached by mTLS alone and known by the authority or the key that its manifest pins.
 *
 * @throws PLUGIN_TARGET_REFUSED
 */
export async function remoteTarget(
  plugin: string,
  { target = '', ca, key }: ExecutableField,
  { root, identity }: { readonly root: string; readonly identity: HostIdentity | undefined },
): Promise<Endpoint> {
  const refused = (reason: string, cause?: unknown): Error =>
    fail('PLUGIN_TARGET_REFUSED', { plugin, target, reason }, { cause });
  if (identity === undefined) {
    throw refused('this host has no certificate to show there; give grpcDialect an `identity`');
  }
  const { hostname, port } = new URL(target.replace('grpcs:', 'https:'));
  const address = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 443) };
  try {
    const authority =
      ca === undefined ? await pinnedCertificate(address, key ?? '', identity) : await readInside(root, ca);
    const context = createSecureContext({
      ca: authority,
      cert: identity.certificate,
      key: identity.privateKey,
      // A pinned certificate is trusted itself, whoever signed it.
      allowPartialTrustChain: true,
      minVersion: 'TLSv1.2',
    });
    return {
      address: `${hostname}:${address.port}`,
      credentials: credentials.createFromSecureContext(context, {
        checkServerIdentity: (_, found) => (key === undefined || keyOf(found.raw) === key ? undefined : wrongKey()),
      }),
      token: undefined,
      isRemote: true,
      exited: new Promise(() => {}),
      end: async () => {},
    };
  } catch (error) {
    throw refused(messageOf(error), error);
  }
}

/** The certificate that is shown there, when its key is the one that was pinned. */
async function pinnedCertificate(
  { host, port }: { readonly host: string; readonly port: number },
  key: string,
  identity: HostIdentity,
): Promise<string> {
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const socket = connect({
    host,
    port,
    cert: identity.certificate,
    key: identity.privateKey,
    ALPNProtocols: ['h2'],
    // Looked at only: nothing is sent here, and the connection that is used is held to what this finds.
    rejectUnauthorized: false,
    ...servername,
  });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(connectMs) });
    const { raw } = socket.getPeerCertificate();
    if (keyOf(raw) !== key) throw wrongKey();
    return toPem('CERTIFICATE', raw);
  } finally {
    socket.destroy();
  }
}

function keyOf(certificate: Buffer): string {
  const spki = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(spki).digest('base64')}`;
}

function wrongKey(): Error {
  return new Error('its public key is not the pinned one');
}

async function readInside(root: string, file: string): Promise<string> {
  const path = resolve(root, file);
  if (relative(root, path).startsWith(`..${sep}`)) throw new Error(`${file} is outside the folder of the plugin`);
  return readFile(join(root, file), 'utf8');
}
