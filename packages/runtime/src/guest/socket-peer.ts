import { messageOf } from '@hotswap/protocol';
import { HotHeaders } from '@hotswap/protocol/http';
import type { WebSocketHandlers, WebSocketPeer } from '@hotswap/sdk';
import { fail } from '../errors.ts';
import { deserialize, serialize } from '../value-encoding.ts';

/** What the guest is told of a connection when it comes: data that can cross any boundary. */
export interface SocketFacts {
  readonly url: string;
  /** Names and values, one after the other. */
  readonly rawHeaders: readonly string[];
  readonly params: Readonly<Record<string, string>>;
  readonly tenant: string | undefined;
  readonly address: string;
  readonly protocol: string;
  /** As a guest encoded it; the host never looks inside. */
  readonly attachment: Uint8Array | undefined;
}

/**
 * One event of one connection on its way to the plugin. The first is `open`, or `resume` for one that comes from another
 * generation; the last is `close`, or `leave` when it goes on with another generation.
 */
export type SocketCall = { readonly id: string } & (
  | { readonly type: 'open' | 'resume'; readonly peer: SocketFacts }
  | { readonly type: 'message'; readonly data: string | Uint8Array }
  | { readonly type: 'close'; readonly code: number; readonly reason: string }
  | { readonly type: 'leave' }
);

/** What a guest may do with a connection that is its own; calls for any other do nothing. Each is one message, one way. */
export interface SocketPort {
  send(id: string, data: string | Uint8Array): void;
  close(id: string, code: number, reason: string): void;
  /** Keeps an encoded attachment; the host refuses one that is too large. */
  attach(id: string, attachment: Uint8Array | undefined): void;
  /** Bytes that wait to be written to the client, as far as this side knows. */
  buffered(id: string): number;
}

/** The largest attachment, encoded. */
export const maxAttachmentBytes = 16 * 1024;

/** What a close frame has room for. */
const maxReasonBytes = 123;

/** Calls the author's handlers with the events of a connection. The peer is the same object for as long as it is here. */
export function socketHandler(handlers: WebSocketHandlers, port: SocketPort): (call: SocketCall) => unknown {
  const peers = new Map<string, SocketPeer>();
  return (call) => {
    if (call.type === 'open' || call.type === 'resume') {
      const peer = new SocketPeer(call.id, call.peer, port);
      peers.set(call.id, peer);
      return handlers[call.type]?.(peer);
    }
    const peer = peers.get(call.id);
    if (peer === undefined) return undefined;
    if (call.type === 'message') return handlers.message(peer, call.data);
    peers.delete(call.id);
    return call.type === 'close' ? handlers.close?.(peer, call.code, call.reason) : undefined;
  };
}

/** Why a connection cannot be closed in this way, if so. Some codes are only ever told, never sent. */
export function closeProblem(code: number, reason: string): string | undefined {
  const isStandard = code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code);
  if (!Number.isInteger(code) || !(isStandard || (code >= 3000 && code <= 4999))) {
    return 'give 1000, a code that may be sent, or one from 3000 to 4999';
  }
  if (typeof reason === 'string' && Buffer.byteLength(reason) <= maxReasonBytes) return undefined;
  return `its reason must be text of at most ${maxReasonBytes} bytes`;
}

class SocketPeer implements WebSocketPeer {
  readonly id: string;
  readonly url: string;
  readonly params: Readonly<Record<string, string>>;
  readonly tenant: string | undefined;
  readonly client: { readonly address: string };
  readonly protocol: string;
  readonly #rawHeaders: readonly string[];
  readonly #port: SocketPort;
  #headers: HotHeaders | undefined;
  #attachment: unknown;

  constructor(id: string, facts: SocketFacts, port: SocketPort) {
    this.id = id;
    this.url = facts.url;
    this.params = facts.params;
    this.tenant = facts.tenant;
    this.client = { address: facts.address };
    this.protocol = facts.protocol;
    this.#attachment = facts.attachment && deserialize(facts.attachment);
    this.#rawHeaders = facts.rawHeaders;
    this.#port = port;
  }

  get headers(): HotHeaders {
    this.#headers ??= HotHeaders.fromRaw(this.#rawHeaders);
    return this.#headers;
  }

  get attachment(): unknown {
    return this.#attachment;
  }

  set attachment(value: unknown) {
    this.#port.attach(this.id, value === undefined ? undefined : encoded(value));
    this.#attachment = value;
  }

  get bufferedBytes(): number {
    return this.#port.buffered(this.id);
  }

  send(data: string | Uint8Array): void {
    if (typeof data !== 'string' && !(data instanceof Uint8Array)) {
      throw new TypeError('a WebSocket message must be a string or a Uint8Array');
    }
    this.#port.send(this.id, data);
  }

  close(code = 1000, reason = ''): void {
    const problem = closeProblem(code, reason);
    if (problem !== undefined) throw fail('WEBSOCKET_CLOSE_INVALID', { code, problem });
    this.#port.close(this.id, code, reason);
  }
}

function encoded(value: unknown): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = serialize(value);
  } catch (error) {
    throw fail('VALUE_NOT_CLONEABLE', { path: 'attachment', reason: messageOf(error) }, { cause: error });
  }
  if (bytes.byteLength <= maxAttachmentBytes) return bytes;
  throw fail('ATTACHMENT_TOO_LARGE', { bytes: bytes.byteLength, limit: maxAttachmentBytes });
}
