/** The beginning of a stream, as far as it says whether it is TLS and whom it is for. */
export type HelloReading =
  | { readonly kind: 'unfinished' }
  /** No TLS. */
  | { readonly kind: 'plain' }
  | { readonly kind: 'broken'; readonly reason: string }
  /** `serverName`: lower case; undefined where the client names none. */
  | { readonly kind: 'hello'; readonly serverName: string | undefined };

const recordHeaderBytes = 5;
const handshakeRecord = 22;
const clientHello = 1;
const longestRecord = 16_384;
const longestHello = 16_384;
const serverNameExtension = 0;
/** It hides the server's real name behind another one. */
const encryptedHelloExtension = 0xfe_0d;

/** Reads a client's hello, which may lie in several records. Says `unfinished` for the beginning of one. */
export function readClientHello(bytes: Buffer): HelloReading {
  if (bytes.length > 0 && bytes[0] !== handshakeRecord) return { kind: 'plain' };
  if (bytes.length > 1 && bytes[1] !== 3) return { kind: 'plain' };
  try {
    const message = handshakeMessage(bytes);
    return message === undefined ? { kind: 'unfinished' } : { kind: 'hello', serverName: serverNameIn(message) };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { kind: 'broken', reason: error.message };
  }
}

class Unreadable extends Error {}

/** The first handshake message without its header, put together from its records. */
function handshakeMessage(bytes: Buffer): Buffer | undefined {
  const fragments: Buffer[] = [];
  let have = 0;
  for (let at = 0; at + recordHeaderBytes <= bytes.length;) {
    if (bytes[at] !== handshakeRecord || bytes[at + 1] !== 3) throw new Unreadable('another record lies inside it');
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0 || length > longestRecord) throw new Unreadable(`one of its records has ${length} bytes`);
    const fragment = bytes.subarray(at + recordHeaderBytes, at + recordHeaderBytes + length);
    fragments.push(fragment);
    have += fragment.length;
    at += recordHeaderBytes + length;
    const message = have < 4 ? undefined : Buffer.concat(fragments);
    if (message === undefined) continue;
    if (message[0] !== clientHello) throw new Unreadable('it is another message');
    const end = 4 + message.readUIntBE(1, 3);
    if (end > longestHello) throw new Unreadable(`it is longer than ${longestHello} bytes`);
    if (have >= end) return message.subarray(4, end);
  }
  return undefined;
}

function serverNameIn(message: Buffer): string | undefined {
  const hello = new Reader(message);
  hello.take(2 + 32);
  for (const lengthBytes of [1, 2, 1]) hello.takeVector(lengthBytes);
  if (hello.isAtEnd) return undefined;
  const extensions = hello.takeVector(2);
  if (!hello.isAtEnd) throw new Unreadable('something follows its extensions');
  let serverName: string | undefined;
  while (!extensions.isAtEnd) {
    const type = extensions.takeNumber(2);
    const content = extensions.takeVector(2);
    if (type === encryptedHelloExtension) throw new Unreadable('its server name is encrypted');
    if (type !== serverNameExtension) continue;
    if (serverName !== undefined) throw new Unreadable('it names two servers');
    serverName = hostNameIn(content);
  }
  return serverName;
}

function hostNameIn(content: Reader): string {
  const names = content.takeVector(2);
  if (names.takeNumber(1) !== 0) throw new Unreadable('its server name is of an unknown kind');
  const name = names.takeVector(2).rest().toString('latin1');
  if (!names.isAtEnd || !content.isAtEnd) throw new Unreadable('it names two servers');
  if (!/^[\w.-]+$/.test(name)) throw new Unreadable('its server name is no host name');
  return name.toLowerCase();
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  take(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) throw new Unreadable('a length in it reaches past its end');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  takeNumber(lengthBytes: number): number {
    return this.take(lengthBytes).readUIntBE(0, lengthBytes);
  }

  /** What a length stands before. */
  takeVector(lengthBytes: number): Reader {
    return new Reader(this.take(this.takeNumber(lengthBytes)));
  }

  rest(): Buffer {
    return this.take(this.#bytes.length - this.#at);
  }
}
