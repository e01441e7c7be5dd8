import { Agent, get } from 'node:http';
import type { ClientRequest } from 'node:http';
import { WebSocket } from 'ws';

/** What the clients report to. */
export interface SocketJournal {
  received(): void;
  resumed(): void;
  sentAway(): void;
  failed(what: string): void;
  opened(): void;
  closed(): void;
}

/** One client that keeps coming back until it is stopped. */
export interface SocketClient {
  readonly resumed: number;
  /** Messages that were not answered yet. */
  readonly unanswered: number;
  /** Sends no more; what is under way may still come. */
  stopSending(): void;
  stop(): void;
}

/** Milliseconds between two messages of one client. */
const everyMs = 500;

/** A client that numbers its messages, a few of them under way at once, and checks the numbers of what comes back. */
export class NumberedClient implements SocketClient {
  readonly #url: string;
  readonly #isStaying: boolean;
  readonly #journal: SocketJournal;
  #socket: WebSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;
  #sent = 0;
  #echoed = 0;
  #got = 0;
  resumed = 0;

  constructor(port: number, isStaying: boolean, journal: SocketJournal) {
    this.#url = `ws://127.0.0.1:${port}/${isStaying ? 'stay' : 'return'}`;
    this.#isStaying = isStaying;
    this.#journal = journal;
    this.#connect();
  }

  get unanswered(): number {
    return this.#sent - this.#echoed;
  }

  stopSending(): void {
    clearInterval(this.#timer);
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#socket?.close();
  }

  #connect(): void {
    [this.#sent, this.#echoed, this.#got] = [0, 0, 0];
    const socket = new WebSocket(this.#url, { perMessageDeflate: false });
    this.#socket = socket;
    socket.on('message', (data) => this.#check(String(data)));
    // One that is stopped while it connects says so as an error.
    socket.on('error', (error) => !this.#isStopped && this.#journal.failed(`${this.#url}: ${String(error)}`));
    socket.on('open', () => {
      this.#journal.opened();
      this.#timer = setInterval(() => this.#send(), everyMs);
    });
    socket.on('close', (code, reason) => this.#comeBack(code, String(reason)));
  }

  /** Two at once: the second one waits in the host while the first is handled. */
  #send(): void {
    for (let i = 0; i < 2; i++) this.#socket?.send(String(++this.#sent));
  }

  #check(text: string): void {
    const [number, what, about] = text.split(' ');
    if (Number(number) !== ++this.#got) return this.#journal.failed(`got ${text} where ${this.#got} was next`);
    this.#journal.received();
    if (what === 'echo' && Number(about) !== ++this.#echoed) this.#journal.failed(`${text} is not the next echo`);
    if (what === 'wrong') this.#journal.failed(text);
    if (what !== 'resume') return;
    this.resumed++;
    this.#journal.resumed();
  }

  #comeBack(code: number, reason: string): void {
    clearInterval(this.#timer);
    if (this.#isStopped) return;
    this.#journal.closed();
    const hint = /^reconnect retry=(\d+)$/.exec(reason);
    if (this.#isStaying || code !== 1012 || hint === null) this.#journal.failed(`closed with ${code} ${reason}`);
    this.#journal.sentAway();
    setTimeout(() => !this.#isStopped && this.#connect(), Number(hint?.[1] ?? 1_000));
  }
}

const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

/** A client of an event stream that comes back when it was told to, with the id it saw last. */
export class StreamClient implements SocketClient {
  readonly resumed = 0;
  readonly unanswered = 0;
  readonly #port: number;
  readonly #journal: SocketJournal;
  #request: ClientRequest | undefined;
  #lastId = 0;
  #isStopped = false;

  constructor(port: number, journal: SocketJournal) {
    this.#port = port;
    this.#journal = journal;
    this.#connect();
  }

  stopSending(): void {}

  stop(): void {
    this.#isStopped = true;
    this.#request?.destroy();
  }

  #connect(): void {
    const headers = this.#lastId === 0 ? {} : { 'last-event-id': String(this.#lastId) };
    this.#request = get({ port: this.#port, host: '127.0.0.1', path: '/events', headers, agent }, (response) => {
      this.#journal.opened();
      if (response.statusCode !== 200) this.#journal.failed(`a stream was answered ${response.statusCode}`);
      let text = '';
      let retryMs: number | undefined;
      response.setEncoding('utf8').on('data', (part: string) => {
        const blocks = (text + part).split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) retryMs = this.#read(block) ?? retryMs;
      });
      response.on('close', () => this.#comeBack(retryMs, text));
    });
    this.#request.on('error', (error) => !this.#isStopped && this.#journal.failed(`a stream failed: ${String(error)}`));
  }

  #read(block: string): number | undefined {
    const retry = /^retry: (\d+)$/.exec(block);
    if (retry) return Number(retry[1]);
    const id = Number(/^id: (\d+)\ndata: v\d+$/.exec(block)?.[1]);
    if (id !== ++this.#lastId) this.#journal.failed(`event ${JSON.stringify(block)} where ${this.#lastId} was next`);
    else this.#journal.received();
    return undefined;
  }

  #comeBack(retryMs: number | undefined, rest: string): void {
    if (this.#isStopped) return;
    this.#journal.closed();
    if (retryMs === undefined || rest !== '')
      this.#journal.failed(`a stream was cut off after ${this.#lastId} ${rest}`);
    this.#journal.sentAway();
    setTimeout(() => !this.#isStopped && this.#connect(), retryMs ?? 1_000);
  }
}
