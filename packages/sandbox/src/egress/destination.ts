import { isIP } from 'node:net';

/** Where one request or connection goes. */
export interface Destination {
  /** Lower case; an IPv6 address in its shortest form and without brackets. */
  readonly host: string;
  readonly port: number;
}

const defaultPorts: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };
const entryShape = /^(?<host>\[[0-9a-f:.]+\]|[0-9a-z._-]+):(?<port>\d{1,5})$/i;

/** The destination of a URL; `undefined` when its scheme is not http or https. */
export function destinationOf(url: URL): Destination | undefined {
  const defaultPort = defaultPorts[url.protocol];
  if (defaultPort === undefined) return undefined;
  return { host: withoutBrackets(url.hostname), port: url.port === '' ? defaultPort : Number(url.port) };
}

/** Reads `host:port`, with an IPv6 address in brackets; `undefined` when it is nothing of the kind. */
export function readEntry(text: string): Destination | undefined {
  const { host, port } = entryShape.exec(text)?.groups ?? {};
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) return undefined;
  if (!host.startsWith('[')) return { host: host.toLowerCase(), port: Number(port) };
  // One address of IPv6 has many spellings, of which a URL knows the shortest.
  const shortest = URL.parse(`http://${host}/`)?.hostname;
  return shortest === undefined ? undefined : { host: withoutBrackets(shortest), port: Number(port) };
}

/** A destination as a manifest lists it. */
export function entryFor({ host, port }: Destination): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether a list of `host:port` entries names a destination. Hosts are compared whole and without regard to case. */
export function isListed({ host, port }: Destination, entries: readonly string[]): boolean {
  return entries.some((entry) => {
    const listed = readEntry(entry);
    return listed?.host === host && listed.port === port;
  });
}

/** Whether the entry that names this host is itself an address, or the local machine: then it is meant to be reached. */
export function isExplicitAddress(host: string): boolean {
  return host === 'localhost' || isIP(host) !== 0;
}

function withoutBrackets(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname.toLowerCase();
}
