import { coreVersion, protocolVersion } from '../wire/services.ts';
import { fail } from '../errors.ts';

/** The cookie: it keeps people from starting a plugin by hand, and no more. It is no secret. */
export const cookie = { name: 'HOTSWAP_PLUGIN', value: 'c3f1a5d2-hotswap-plugin' } as const;

/** Names of the environment variables between a host and a plugin that it starts. */
export const variables = {
  token: 'HOTSWAP_PLUGIN_TOKEN',
  versions: 'PLUGIN_PROTOCOL_VERSIONS',
  minPort: 'PLUGIN_MIN_PORT',
  maxPort: 'PLUGIN_MAX_PORT',
  clientCertificate: 'PLUGIN_CLIENT_CERT',
} as const;

/** The metadata that carries the token. */
export const tokenField = 'hotswap-token';

/** What a plugin says of where it listens. */
export interface Handshake {
  readonly network: 'unix' | 'tcp';
  readonly address: string;
  /** Its certificate, DER. */
  readonly certificate: Buffer | undefined;
}

/** As go-plugin has it: less than that is no certificate. */
const shortestCertificate = 50;
const longestShown = 500;

/**
 * Reads the first line of a plugin.
 *
 * @throws PLUGIN_HANDSHAKE_INVALID, PLUGIN_VERSION_UNSUPPORTED
 */
export function readHandshake(plugin: string, line: string): Handshake {
  const invalid = (reason: string): Error =>
    fail('PLUGIN_HANDSHAKE_INVALID', { plugin, reason, printed: JSON.stringify(line.slice(0, longestShown)) });
  const [core = '', version = '', network, address, protocol = 'netrpc', certificate = ''] = line.trim().split('|');
  if (address === undefined || !/^\d+$/.test(core)) throw invalid('it has not the fields that are due');
  if (Number(core) !== coreVersion) {
    throw fail('PLUGIN_VERSION_UNSUPPORTED', { plugin, what: 'the handshake', found: core, known: coreVersion });
  }
  if (Number(version) !== protocolVersion) {
    throw fail('PLUGIN_VERSION_UNSUPPORTED', { plugin, what: 'plugin.proto', found: version, known: protocolVersion });
  }
  if (protocol !== 'grpc') throw invalid(`its protocol is ${JSON.stringify(protocol)} and must be "grpc"`);
  if (network !== 'unix' && network !== 'tcp') throw invalid('its network must be unix or tcp');
  return {
    network,
    address,
    certificate: certificate.length > shortestCertificate ? Buffer.from(certificate, 'base64') : undefined,
  };
}

/** The line that says where a plugin listens. */
export function writeHandshake({ network, address, certificate }: Handshake): string {
  const encoded = certificate?.toString('base64').replace(/=+$/, '') ?? '';
  return `${coreVersion}|${protocolVersion}|${network}|${address}|grpc|${encoded}\n`;
}

/** What a plugin that is started finds in its environment; nothing of the host's own is among it. */
export function pluginEnvironment(start: {
  readonly folder: string;
  readonly path: string;
  readonly token: string;
  /** The host's, in PEM; with mTLS only. */
  readonly certificate: string | undefined;
}): Readonly<Record<string, string>> {
  return {
    PATH: start.path,
    HOME: start.folder,
    TMPDIR: start.folder,
    LANG: 'C.UTF-8',
    // Else it would write beside its sources, which are then no longer those that were checked.
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONUNBUFFERED: '1',
    [cookie.name]: cookie.value,
    [variables.token]: start.token,
    [variables.versions]: String(protocolVersion),
    [variables.minPort]: '10000',
    [variables.maxPort]: '25000',
    ...(start.certificate !== undefined && { [variables.clientCertificate]: start.certificate }),
  };
}
