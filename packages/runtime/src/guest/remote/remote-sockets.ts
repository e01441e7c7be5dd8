import { exact } from '../../channel/bodies/bodies.ts';
import type { Channel } from '../../channel/channel.ts';
import type { SocketPort } from '../socket-peer.ts';

/** From here on it is worth asking the host how much still waits. */
const muchBuffered = 65_536;

interface Known {
  bytes: number;
  isAsked: boolean;
}

/** The guest's end of its WebSocket connections: the host owns them and does what it is told. */
export class RemoteSockets implements SocketPort {
  readonly #channel: Channel;
  /** What the host told last, and what was sent since. Only connections that were asked about have an entry. */
  readonly #buffered = new Map<string, Known>();

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  send(id: string, data: string | Uint8Array): void {
    this.#channel.tell(['socket-send', id, typeof data === 'string' ? data : exact(data)]);
    const known = this.#known(id);
    known.bytes += data.length;
    if (known.bytes >= muchBuffered) this.#ask(id, known);
  }

  close(id: string, code: number, reason: string): void {
    this.#buffered.delete(id);
    this.#channel.tell(['socket-close', id, code, reason]);
  }

  attach(id: string, attachment: Uint8Array | undefined): void {
    this.#channel.tell(['socket-attach', id, attachment && exact(attachment)]);
  }

  buffered(id: string): number {
    const known = this.#buffered.get(id);
    if (known === undefined || known.bytes === 0) return 0;
    this.#ask(id, known);
    return known.bytes;
  }

  /** The host's word on how many bytes still wait. */
  told(id: string, bytes: number): void {
    const known = this.#buffered.get(id);
    if (known === undefined) return;
    known.bytes = bytes;
    known.isAsked = false;
  }

  /** A connection that is closed needs no entry. */
  forget(id: string): void {
    this.#buffered.delete(id);
  }

  #known(id: string): Known {
    const known = this.#buffered.get(id) ?? { bytes: 0, isAsked: false };
    this.#buffered.set(id, known);
    return known;
  }

  #ask(id: string, known: Known): void {
    if (known.isAsked) return;
    known.isAsked = true;
    this.#channel.tell(['socket-ask', id]);
  }
}
