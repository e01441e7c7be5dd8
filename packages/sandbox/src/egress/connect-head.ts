import { readEntry } from './destination.ts';
import type { Destination } from './destination.ts';

/** The head of a request to a proxy, as far as it has come. */
export type HeadReading =
  | { readonly kind: 'unfinished' }
  | { readonly kind: 'broken' }
  /** `length`: of the head, its empty line included. */
  | { readonly kind: 'connect'; readonly destination: Destination; readonly length: number };

/** Bytes of a head; more are refused. */
export const longestHead = 8192;

const requestLine = /^CONNECT (?<authority>\S+) HTTP\/1\.[01]\r\n/;

/** Reads `CONNECT host:port HTTP/1.1` and passes over the header fields: none of them changes anything. */
export function readConnectHead(bytes: Buffer): HeadReading {
  const text = bytes.toString('latin1', 0, longestHead);
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return { kind: bytes.length < longestHead ? 'unfinished' : 'broken' };
  const authority = requestLine.exec(text)?.groups?.['authority'];
  const destination = authority === undefined ? undefined : readEntry(authority);
  return destination === undefined ? { kind: 'broken' } : { kind: 'connect', destination, length: end + 4 };
}
