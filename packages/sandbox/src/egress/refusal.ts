import type { Socket } from 'node:net';
import type { SandboxError, SandboxErrorCode } from '../errors.ts';

/** A connection that was not made, or was ended, as the host is told of it. */
export interface EgressRefusal {
  readonly code: SandboxErrorCode;
  /** The `host:port` that was asked for; undefined where the request could not be read. */
  readonly entry: string | undefined;
  /** What the confined program was answered. */
  readonly message: string;
}

const statusLines: Partial<Record<SandboxErrorCode, string>> = {
  SANDBOX_EGRESS_NOT_LISTED: '403 Forbidden',
  SANDBOX_EGRESS_ADDRESS_REFUSED: '403 Forbidden',
  SANDBOX_EGRESS_REQUEST_INVALID: '400 Bad Request',
  SANDBOX_EGRESS_HOST_UNKNOWN: '502 Bad Gateway',
  SANDBOX_EGRESS_UNREACHABLE: '502 Bad Gateway',
  SANDBOX_EGRESS_TIMED_OUT: '504 Gateway Timeout',
  SANDBOX_EGRESS_TOO_MANY: '503 Service Unavailable',
};

/** Milliseconds that a refused client may take to go away. */
const leaveLimitMs = 5000;
/** "unrecognized name", fatal: the one thing that a TLS client understands before it has met its server. */
const unrecognizedName = Buffer.from('15030100020270', 'hex');

/** Answers a request with a status and the sentence, and sends the client away. */
export function answerRefusal(client: Socket, { code, message }: SandboxError): void {
  const body = `${message}\n`;
  const head = [
    `HTTP/1.1 ${statusLines[code] ?? '500 Internal Server Error'}`,
    'content-type: text/plain; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-refusal: ${code}`,
    'connection: close',
  ];
  sendAway(client, `${head.join('\r\n')}\r\n\r\n${body}`);
}

/** Ends a tunnel whose client speaks TLS already. */
export function alertRefusal(client: Socket): void {
  sendAway(client, unrecognizedName);
}

function sendAway(client: Socket, lastWords: string | Buffer): void {
  client.end(lastWords);
  client.resume();
  AbortSignal.timeout(leaveLimitMs).addEventListener('abort', () => client.destroy());
}
