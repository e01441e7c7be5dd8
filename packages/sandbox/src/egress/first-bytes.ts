import { isIP } from 'node:net';
import { readClientHello } from './client-hello.ts';
import { entryFor } from './destination.ts';
import type { Destination } from './destination.ts';
import { SandboxError } from '../errors.ts';

/** What to do with the first bytes of a connection. */
export type FirstBytesVerdict =
  | { readonly kind: 'wait' }
  | { readonly kind: 'pass' }
  /** Let so many through, then look again. */
  | { readonly kind: 'skip'; readonly length: number }
  | { readonly kind: 'refuse'; readonly error: SandboxError };

/** With these a PostgreSQL client asks its server to go on in TLS, or in GSSAPI. */
const preambles: readonly Buffer[] = [Buffer.from('0000000804d2162f', 'hex'), Buffer.from('0000000804d21630', 'hex')];

/** Whether a connection may go on: TLS must name the server that was authorised, anything else passes. */
export function judgeFirstBytes(bytes: Buffer, destination: Destination): FirstBytesVerdict {
  const preamble = preambles.find((one) => one.subarray(0, bytes.length).equals(bytes.subarray(0, one.length)));
  if (preamble !== undefined) {
    return bytes.length < preamble.length ? { kind: 'wait' } : { kind: 'skip', length: preamble.length };
  }
  const reading = readClientHello(bytes);
  if (reading.kind === 'unfinished') return { kind: 'wait' };
  if (reading.kind === 'plain') return { kind: 'pass' };
  if (reading.kind === 'broken') return { kind: 'refuse', error: unreadable(destination, reading.reason) };
  return judgeServerName(reading.serverName, destination);
}

/** The refusal of a hello that was not finished in time, or at all. */
export function unreadable(destination: Destination, reason: string): SandboxError {
  return new SandboxError('SANDBOX_EGRESS_TLS_UNREADABLE', { entry: entryFor(destination), reason });
}

function judgeServerName(serverName: string | undefined, destination: Destination): FirstBytesVerdict {
  const { host } = destination;
  const wanted = isIP(host) === 0 ? host : undefined;
  if (serverName === wanted) return { kind: 'pass' };
  const found = serverName === undefined ? 'names no server' : `names the server ${serverName}`;
  const details = { entry: entryFor(destination), found, wanted: wanted ?? 'left out' };
  return { kind: 'refuse', error: new SandboxError('SANDBOX_EGRESS_NAME_MISMATCH', details) };
}
