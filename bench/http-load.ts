import { connect, type Socket } from 'node:net';

export interface LoadOptions {
  readonly port: number;
  readonly path: string;
  readonly connections: number;
  /** Requests a second, spread over the connections. Absent: each connection sends as soon as it has its answer. */
  readonly rate?: number;
}

/** What became of the requests of a span of time. Latencies are in microseconds, from when a request was due. */
export interface LoadWindow {
  readonly ok: number;
  readonly failed: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly seconds: number;
}

const bucketsPerDoubling = 16;
const head = Buffer.from('\r\n\r\n');

/**
 * Keeps connections busy with requests and counts what became of each one. A request on a connection that breaks
 * counts as failed; the connection is then made anew.
 */
export class HttpLoad {
  readonly #options: LoadOptions;
  readonly #request: string;
  readonly #lanes: Lane[] = [];
  #counts = new Float64Array(32 * bucketsPerDoubling);
  #ok = 0;
  #failed = 0;
  #max = 0;
  #windowStart = performance.now();
  #pacer: NodeJS.Timeout | undefined;
  #isRunning = true;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#request = `GET ${options.path} HTTP/1.1\r\nhost: 127.0.0.1:${options.port}\r\n\r\n`;
    for (let index = 0; index < options.connections; index++) this.#lanes.push(new Lane(this, options.port));
    if (options.rate !== undefined) this.#pace(options.rate);
  }

  get isSelfPaced(): boolean {
    return this.#options.rate === undefined;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  get request(): string {
    return this.#request;
  }

  /** Ends the window and begins the next. Requests under way count where they end. */
  window(): LoadWindow {
    const now = performance.now();
    const window = {
      ok: this.#ok,
      failed: this.#failed,
      p50: this.#quantile(0.5),
      p99: this.#quantile(0.99),
      max: this.#max,
      seconds: (now - this.#windowStart) / 1_000,
    };
    this.#counts = new Float64Array(this.#counts.length);
    this.#ok = 0;
    this.#failed = 0;
    this.#max = 0;
    this.#windowStart = now;
    return window;
  }

  /** Sends nothing more; requests under way are not waited for. */
  stop(): void {
    this.#isRunning = false;
    clearInterval(this.#pacer);
    for (const lane of this.#lanes) lane.close();
  }

  succeeded(dueAt: number, now: number): void {
    const microseconds = Math.max(1, (now - dueAt) * 1_000);
    const bucket = Math.floor(Math.log2(microseconds) * bucketsPerDoubling);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#ok++;
    if (microseconds > this.#max) this.#max = microseconds;
  }

  failed(count: number): void {
    this.#failed += count;
  }

  /** Requests that are due are handed to the lanes in turn: one that is busy gets it behind its others. */
  #pace(rate: number): void {
    const startedAt = performance.now();
    let sent = 0;
    let lane = 0;
    this.#pacer = setInterval(() => {
      const due = ((performance.now() - startedAt) / 1_000) * rate;
      for (; sent < due; sent++) {
        this.#lanes[lane]?.send(startedAt + (sent / rate) * 1_000);
        lane = (lane + 1) % this.#lanes.length;
      }
      for (const each of this.#lanes) each.flush();
    }, 1);
  }

  #quantile(share: number): number {
    // Nobody was answered: each request of the window took at least as long as it.
    if (this.#ok === 0) return (performance.now() - this.#windowStart) * 1_000;
    const rank = Math.ceil(this.#ok * share);
    let passed = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      passed += this.#counts[bucket] ?? 0;
      if (passed >= rank) return 2 ** ((bucket + 0.5) / bucketsPerDoubling);
    }
    return 0;
  }
}

/** One connection: what it has sent and not yet had an answer to, oldest first. */
class Lane {
  readonly #load: HttpLoad;
  readonly #port: number;
  #socket: Socket;
  #dueTimes: number[] = [];
  #unsent = '';
  #rest: Buffer | undefined;
  #isConnected = false;
  /** The last answer said that the connection ends with it. */
  #isAnnounced = false;

  constructor(load: HttpLoad, port: number) {
    this.#load = load;
    this.#port = port;
    this.#socket = this.#connect();
  }

  send(dueAt: number): void {
    this.#dueTimes.push(dueAt);
    this.#unsent += this.#load.request;
  }

  flush(): void {
    if (this.#unsent === '' || !this.#isConnected || this.#isAnnounced) return;
    this.#socket.write(this.#unsent, 'latin1');
    this.#unsent = '';
  }

  close(): void {
    this.#socket.removeAllListeners('close').destroy();
  }

  #connect(): Socket {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    this.#rest = undefined;
    socket.on('connect', () => {
      this.#isConnected = true;
      if (this.#load.isSelfPaced && this.#dueTimes.length === 0) this.send(performance.now());
      this.flush();
    });
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    // What an error means shows in `close`, which always follows.
    socket.on('error', () => {});
    socket.on('close', () => this.#reconnect());
    return socket;
  }

  /**
   * What was under way on a connection that broke has failed. What was not sent yet, or was sent behind an answer that
   * announced the end of the connection, goes out on the next one. A refused connection fails all that waited for it.
   */
  #reconnect(): void {
    const waiting = this.#isConnected ? this.#unsent.length / this.#load.request.length : 0;
    const lost = this.#isAnnounced ? 0 : this.#dueTimes.length - waiting;
    this.#load.failed(lost);
    this.#dueTimes = this.#dueTimes.slice(lost);
    this.#unsent = this.#load.request.repeat(this.#dueTimes.length);
    this.#isConnected = false;
    this.#isAnnounced = false;
    if (this.#load.isRunning) setTimeout(() => (this.#socket = this.#connect()), 1);
  }

  #read(chunk: Buffer): void {
    let data = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    const now = performance.now();
    for (let end = answerEnd(data); end > 0; end = answerEnd(data)) {
      const answer = data.toString('latin1', 0, Math.min(end, 512));
      this.#settle(answer, now);
      this.#isAnnounced ||= /\r\nconnection: close\r\n/i.test(answer);
      data = data.subarray(end);
    }
    this.#rest = data.length > 0 ? data : undefined;
    if (!this.#isAnnounced) this.flush();
  }

  #settle(answer: string, now: number): void {
    const dueAt = this.#dueTimes.shift();
    if (dueAt === undefined || !answer.startsWith('HTTP/1.1 200')) this.#load.failed(1);
    else this.#load.succeeded(dueAt, now);
    if (this.#load.isSelfPaced && this.#load.isRunning) this.send(now);
  }
}

/** Where the first answer in the data ends; -1 if it is not all there. Answers state their length. */
function answerEnd(data: Buffer): number {
  const headEnd = data.indexOf(head);
  if (headEnd < 0) return -1;
  const fields = data.toString('latin1', 0, headEnd + 2);
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(fields)?.[1];
  if (length === undefined) throw new Error(`an answer without a length: ${fields}`);
  const end = headEnd + head.length + Number(length);
  return end <= data.length ? end : -1;
}
