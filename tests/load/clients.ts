import { setTimeout as pause } from 'node:timers/promises';
import { sharedNow } from './load-messages.ts';
import type { Answer, ClientKind } from './load-messages.ts';
import { RawConnection } from '../serving/raw-connection.ts';
import type { RawAnswer } from '../serving/raw-connection.ts';

/** One connection of one kind: sends a request, or a batch, and holds the answers against what they must be. */
export interface Client {
  /** @throws when an answer is missing, broken or not what was asked for */
  turn(): Promise<readonly Answer[]>;
  close(): void;
}

type Exchange = (connection: RawConnection, kind: ClientKind) => Promise<readonly Answer[]>;

const field = 'Host: localhost\r\n';
export const downloadParts = 16;
export const partBytes = 64 * 1024;

/** How each kind of client spends one turn on its connection. */
const exchanges: Readonly<Record<ClientKind, Exchange>> = {
  'keep-alive': (connection, kind) => ask(connection, kind, { request: `GET /quick HTTP/1.1\r\n${field}\r\n` }),
  head: (connection, kind) =>
    ask(connection, kind, { method: 'HEAD', request: `HEAD /quick HTTP/1.1\r\n${field}\r\n`, body: () => '' }),
  'http/1.0': (connection, kind) => ask(connection, kind, { request: 'GET /later HTTP/1.0\r\n\r\n' }),
  post(connection, kind) {
    const text = 'x'.repeat(10_000);
    const request = `POST /echo HTTP/1.1\r\n${field}Content-Length: ${text.length}\r\n\r\n${text}`;
    return ask(connection, kind, { request, body: (version) => `v${version} ${text}` });
  },
  async pipelined(connection, kind) {
    const depth = 8;
    const sentAt = sharedNow();
    connection.write(`GET /quick HTTP/1.1\r\n${field}\r\nGET /later HTTP/1.1\r\n${field}\r\n`.repeat(depth / 2));
    const answers: Answer[] = [];
    for (let i = 0; i < depth; i++) answers.push(checked(kind, sentAt, await connection.answer()));
    return answers;
  },
  async upload(connection, kind) {
    const [parts, size] = [5, 3_000];
    const sentAt = sharedNow();
    connection.write(`POST /upload HTTP/1.1\r\n${field}Transfer-Encoding: chunked\r\n\r\n`);
    for (let part = 0; part < parts; part++) {
      connection.write(`${size.toString(16)}\r\n${'u'.repeat(size)}\r\n`);
      await pause(10);
    }
    connection.write('0\r\n\r\n');
    return [checked(kind, sentAt, await connection.answer(), (version) => `v${version} ${parts * size}`)];
  },
  async download(connection, kind) {
    const sentAt = sharedNow();
    connection.write(`GET /download HTTP/1.1\r\n${field}\r\n`);
    const reading = connection.answer();
    reading.catch(() => undefined);
    // A reader that takes its bytes in gulps: what the server may send is held back in between.
    for (let gulp = 0; gulp < 6; gulp++) {
      connection.socket.pause();
      await pause(10);
      connection.socket.resume();
      await pause(5);
    }
    const whole = (version: number): string => `v${version} `.padEnd(partBytes, '.').repeat(downloadParts);
    return [checked(kind, sentAt, await reading, whole)];
  },
  async events(connection, kind) {
    const sentAt = sharedNow();
    connection.write(`GET /events HTTP/1.1\r\n${field}Last-Event-ID: 41\r\n\r\n`);
    const answer = await connection.answer();
    const version = versionOf(answer);
    const events = answer.body.split('\n\n').slice(0, -1);
    const hint = events.at(-1);
    if (!/^retry: \d+$/.test(hint ?? '') && hint !== 'id: 141\ndata: end') throw new Error(`events ended with ${hint}`);
    const wrong = events.slice(0, -1).find((event, index) => event !== `id: ${index + 42}\ndata: v${version}`);
    if (wrong !== undefined) throw new Error(`version ${version} sent the event ${JSON.stringify(wrong)}`);
    // The head is gone long before the stream ends; when it came is not known here.
    return [{ kind, version, sentAt, headAt: sharedNow() }];
  },
};

/** Milliseconds between two turns of one connection: the machine is shared. */
const pauses: Readonly<Record<ClientKind, number>> = {
  'keep-alive': 10,
  pipelined: 40,
  upload: 20,
  download: 50,
  events: 20,
  post: 15,
  head: 15,
  'http/1.0': 20,
};

/** Makes a client that keeps its connection from turn to turn, except over HTTP/1.0. */
export function createClient(kind: ClientKind, port: number): Client {
  let connection: RawConnection | undefined;
  return {
    async turn() {
      connection ??= await RawConnection.open(port);
      const answers = await exchanges[kind](connection, kind);
      if (kind === 'http/1.0') connection = undefined;
      else if (connection.isClosed) throw new Error('the server closed a connection that was to be kept');
      await pause(pauses[kind]);
      return answers;
    },
    close() {
      connection?.[Symbol.dispose]();
      connection = undefined;
    },
  };
}

interface Question {
  readonly request: string;
  readonly method?: string;
  /** What must come back; default: the version alone. */
  readonly body?: (version: number) => string;
}

async function ask(connection: RawConnection, kind: ClientKind, question: Question): Promise<readonly Answer[]> {
  const sentAt = sharedNow();
  connection.write(question.request);
  return [checked(kind, sentAt, await connection.answer(question.method), question.body)];
}

function checked(
  kind: ClientKind,
  sentAt: number,
  answer: RawAnswer,
  body: (version: number) => string = (version) => `v${version}`,
): Answer {
  const version = versionOf(answer);
  if (answer.body !== body(version)) {
    throw new Error(`version ${version} answered ${answer.body.length} bytes: ${answer.body.slice(0, 80)}`);
  }
  return { kind, version, sentAt, headAt: sharedNow() };
}

function versionOf({ status, headers, head, body }: RawAnswer): number {
  const version = Number(headers.get('x-version'));
  if (status !== 200 || Number.isNaN(version)) throw new Error(`${head.split('\r\n')[0]} ${body.slice(0, 200)}`);
  return version;
}
