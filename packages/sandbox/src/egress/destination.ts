import { isIP } from 'node:net';

/** Where one request goes. */
export interface Destination {
  /** Lower case; an IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number;
}

const defaultPorts: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** The destination of a URL; `undefined` when its scheme is not http or https. */
export function destinationOf(url: URL): Destination | undefined {
  const defaultPort = defaultPorts[url.protocol];
  if (defaultPort === undefined) return undefined;
  return { host: withoutBrackets(url.hostname), port: url.port === '' ? defaultPort : Number(url.port) };
}

/** A destination as a manifest lists it. */
export function entryFor({ host, port }: Destination): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether a list of `host:port` entries names a destination. Hosts are compared whole and without regard to case. */
export function isListed(destination: Destination, entries: readonly string[]): boolean {
  const wanted = entryFor(destination);
  return entries.some((entry) => entry.toLowerCase() === wanted);
}

/** Whether the entry that names this host is itself an address, or the local machine: then it is meant to be reached. */
export function isExplicitAddress({ host }: Destination): boolean {
  return host === 'localhost' || isIP(host) !== 0;
}

function withoutBrackets(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname.toLowerCase();
}
