import { HotHeaders } from '@hotswap/protocol/http';
import type { WebSocketHandlers, WebSocketPeer } from '@hotswap/sdk';

/** What the guest is told of a connection: data that can cross any boundary. */
export interface SocketFacts {
  readonly id: string;
  readonly url: string;
  /** Names and values, one after the other. */
  readonly rawHeaders: readonly string[];
  readonly params: Readonly<Record<string, string>>;
  readonly tenant: string | undefined;
  readonly address: string;
  readonly attachment: unknown;
}

/** One event of one connection on its way to the plugin. */
export type SocketCall = { readonly peer: SocketFacts } & (
  | { readonly type: 'open' | 'resume' }
  | { readonly type: 'message'; readonly data: string | Uint8Array }
  | { readonly type: 'close'; readonly code: number; readonly reason: string }
);

/** What a guest may do with a connection. Calls for one that is closed do nothing. */
export interface SocketPort {
  send(id: string, data: string | Uint8Array): void;
  close(id: string, code: number, reason: string): void;
  /** @throws ATTACHMENT_TOO_LARGE */
  attach(id: string, attachment: unknown): void;
  /** Bytes that wait to be written to the client, as far as this side knows. */
  buffered(id: string): number;
}

/** Calls the author's handlers with the events of a connection. The peer is the same object for as long as it is open. */
export function socketHandler(handlers: WebSocketHandlers, port: SocketPort): (call: SocketCall) => unknown {
  const peers = new Map<string, SocketPeer>();
  return (call) => {
    const { id } = call.peer;
    const peer = peers.get(id) ?? new SocketPeer(call.peer, port);
    peers.set(id, peer);
    switch (call.type) {
      case 'open':
        return handlers.open?.(peer);
      case 'resume':
        return handlers.resume?.(peer);
      case 'message':
        return handlers.message(peer, call.data);
      case 'close':
        peers.delete(id);
        return handlers.close?.(peer, call.code, call.reason);
    }
  };
}

class SocketPeer implements WebSocketPeer {
  readonly id: string;
  readonly url: string;
  readonly params: Readonly<Record<string, string>>;
  readonly tenant: string | undefined;
  readonly client: { readonly address: string };
  readonly #facts: SocketFacts;
  readonly #port: SocketPort;
  #headers: HotHeaders | undefined;
  #attachment: unknown;

  constructor(facts: SocketFacts, port: SocketPort) {
    this.id = facts.id;
    this.url = facts.url;
    this.params = facts.params;
    this.tenant = facts.tenant;
    this.client = { address: facts.address };
    this.#attachment = facts.attachment;
    this.#facts = facts;
    this.#port = port;
  }

  get headers(): HotHeaders {
    this.#headers ??= HotHeaders.fromRaw(this.#facts.rawHeaders);
    return this.#headers;
  }

  get attachment(): unknown {
    return this.#attachment;
  }

  set attachment(value: unknown) {
    this.#port.attach(this.id, value);
    this.#attachment = value;
  }

  get bufferedBytes(): number {
    return this.#port.buffered(this.id);
  }

  send(data: string | Uint8Array): void {
    this.#port.send(this.id, data);
  }

  close(code = 1000, reason = ''): void {
    this.#port.close(this.id, code, reason);
  }
}
