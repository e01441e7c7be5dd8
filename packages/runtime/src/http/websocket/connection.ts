import { isCodedError } from '@hotswap/protocol';
import { locate, type SocketLocation, type SocketRoute } from './locate.ts';
import type { OpenSocket, RawMessage } from './open-socket.ts';
import { nextStep, type SocketStanding } from './next-step.ts';
import { pluginFailed, pluginUnloaded, reconnect, type SocketEnd, tooSlow } from './socket-end.ts';
import { maxQueuedMessages, type SocketLimits } from './socket-options.ts';
import type { SocketCall, SocketFacts } from '../../guest/socket-peer.ts';
import type { Beating } from '../../host-services/round-clock.ts';
import { type Generation, isFault } from '../../plugin/generation.ts';
import { retryAfterMs } from '../../retry-hint.ts';
import type { AssignmentKey } from '../../routing/assignment.ts';
import type { Lease, LeaseRequest } from '../../routing/lease.ts';
import type { SlotView } from '../../routing/routing-table.ts';

/** What a connection is made of. */
export interface ConnectionParts {
  readonly id: string;
  readonly socket: OpenSocket;
  readonly plugin: string;
  /** The handler's key, the same in every generation that has the route. */
  readonly route: string;
  /** The route's pattern. */
  readonly path: string;
  readonly key: AssignmentKey;
  readonly facts: Omit<SocketFacts, 'attachment'>;
  readonly limits: SocketLimits;
  /** The plugin's entry in the current routing table, and the number of that table. */
  readonly table: { readonly version: number; readonly view: SlotView<Generation> | undefined };
  /** It has left a generation, or has come to its end. */
  readonly left: (connection: SocketConnection, home: Generation | undefined) => void;
}

/**
 * One open connection. The host owns the socket, so it outlives generations: each event goes, one at a time and in
 * order, to the generation that the routing table names at that moment.
 */
export class SocketConnection implements SocketRoute, LeaseRequest, Beating {
  readonly id: string;
  readonly plugin: string;
  readonly route: string;
  readonly path: string;
  readonly key: AssignmentKey;
  readonly #parts: ConnectionParts;
  readonly #socket: OpenSocket;
  readonly #queue: (string | Uint8Array)[] = [];
  #queuedBytes = 0;
  #home: Generation | undefined;
  #attachment: Uint8Array | undefined;
  #stage: SocketStanding['stage'] = 'coming';
  #ending: SocketEnd | undefined;
  #isBusy = false;
  #isAlive = true;
  #location: SocketLocation = { place: 'held' };
  #locatedIn = -1;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.id = parts.id;
    this.plugin = parts.plugin;
    this.route = parts.route;
    this.path = parts.path;
    this.key = parts.key;
    this.#socket = parts.socket;
    this.#socket.on('message', (data: RawMessage, isBinary: boolean) => this.#receive(data, isBinary));
    this.#socket.on('ping', () => void (this.#isAlive = true));
    this.#socket.on('pong', () => void (this.#isAlive = true));
    this.#socket.on('error', (error: Error) => void (this.#ending ??= brokenProtocol(error)));
    this.#socket.on('close', (code: number, reason: Buffer) => {
      this.#ending ??= { code, reason: reason.toString() };
      this.pump();
    });
  }

  /** The generation it is with; none before its first event. */
  get home(): Generation | undefined {
    return this.#home;
  }

  /** Names it in the log of a handler that failed. */
  get requestId(): string {
    return this.id;
  }

  /** Whether the table sends it away from where it is. */
  get isLeaving(): boolean {
    const { place } = this.#locate();
    return this.#stage === 'here' && (place === 'next' || place === 'nowhere');
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  plugins(): readonly string[] {
    return [this.plugin];
  }

  /** Does all there is to do now. Called whenever something may have changed; harmless when nothing has. */
  pump(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (let step = this.#next(); step !== undefined; step = this.#next()) {
      const work = this.#take(step);
      if (work === undefined) continue;
      void work.then(() => {
        this.#isBusy = false;
        this.pump();
      });
      return;
    }
    this.#isBusy = false;
    this.#readOn();
  }

  send(data: string | Uint8Array): void {
    if (this.#ending !== undefined) return;
    if (this.#socket.bufferedAmount > this.#parts.limits.maxBufferedBytes) return this.end(tooSlow);
    this.#socket.send(data, { binary: typeof data !== 'string' });
  }

  attach(attachment: Uint8Array | undefined): void {
    this.#attachment = attachment;
  }

  /** Closes it from this side; the plugin is told, messages that were not handed over are not. */
  end(end: SocketEnd): void {
    if (this.#ending !== undefined) return;
    this.#endWith(end);
    this.pump();
  }

  /** Closes it without telling the plugin, which cannot be told any more. */
  drop(end: SocketEnd): void {
    if (this.#stage === 'over') return;
    this.#stage = 'over';
    this.#endWith(end);
    this.#parts.left(this, this.#home);
  }

  /** Cuts the socket; the plugin is told 1006. */
  terminate(): void {
    this.#socket.terminate();
  }

  beat(): void {
    // A socket that is not read from cannot show its pong.
    if (this.#socket.isPaused || this.#ending !== undefined) return;
    if (!this.#isAlive) return this.terminate();
    this.#isAlive = false;
    this.#socket.ping();
  }

  #receive(data: RawMessage, isBinary: boolean): void {
    this.#isAlive = true;
    if (this.#ending !== undefined) return;
    const bytes = bytesOf(data);
    // Copied: a slice of what the socket read would carry its neighbours along over a boundary.
    const message = isBinary ? new Uint8Array(bytes) : bytes.toString();
    this.#queue.push(message);
    this.#queuedBytes += message.length;
    this.pump();
    if (this.#isFull) this.#socket.pause();
  }

  get #isFull(): boolean {
    return this.#queue.length >= maxQueuedMessages || this.#queuedBytes >= this.#parts.limits.maxMessageBytes;
  }

  /** One that is sent away is read no further: what came is handled, and then it ends. */
  #readOn(): void {
    if (this.#socket.isPaused && !this.#isFull && this.#location.place !== 'nowhere') this.#socket.resume();
  }

  #locate(): SocketLocation {
    const { table } = this.#parts;
    if (this.#locatedIn === table.version) return this.#location;
    this.#locatedIn = table.version;
    this.#location = locate(table.view, this);
    if (this.#location.place === 'nowhere' && this.#ending === undefined) this.#socket.pause();
    return this.#location;
  }

  #next() {
    return nextStep({
      stage: this.#stage,
      place: this.#locate().place,
      isQueued: this.#queue.length > 0,
      isEnding: this.#ending !== undefined,
      isHomeAlive: this.#home !== undefined && isCallable(this.#home),
    });
  }

  #take(step: NonNullable<ReturnType<typeof nextStep>>): Promise<void> | undefined {
    switch (step) {
      case 'go-on':
        return this.#goOn();
      case 'message': {
        const data = this.#queue.shift() ?? '';
        this.#queuedBytes -= data.length;
        return this.#call({ id: this.id, type: 'message', data });
      }
      case 'close':
        return this.#close();
      case 'drop':
        this.drop(this.#endOf(this.#location));
        return undefined;
    }
  }

  #goOn(): Promise<void> | undefined {
    const previous = this.#home;
    if (previous) leave(previous, this.route, this.id);
    const type = this.#stage === 'coming' ? 'open' : 'resume';
    this.#home = this.#location.next;
    this.#stage = 'here';
    this.#location = { place: 'here' };
    this.#parts.left(this, previous);
    return this.#call({ id: this.id, type, peer: { ...this.#parts.facts, attachment: this.#attachment } });
  }

  #close(): Promise<void> | undefined {
    if (this.#ending === undefined) this.#endWith(this.#endOf(this.#location));
    const end = this.#ending ?? pluginUnloaded;
    this.#stage = 'over';
    const told = this.#call({ id: this.id, type: 'close', ...end });
    if (told === undefined) this.#parts.left(this, this.#home);
    return told?.then(() => this.#parts.left(this, this.#home));
  }

  #endWith(end: SocketEnd): void {
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    if (this.#ending === undefined) this.#socket.close(end.code, end.reason);
    this.#ending ??= end;
    // The client's own close frame has to be read.
    this.#socket.resume();
  }

  #endOf({ because }: SocketLocation): SocketEnd {
    if (because === 'unloaded') return pluginUnloaded;
    return reconnect(because === 'down' ? 1013 : 1012, retryAfterMs());
  }

  /** Calls the handler under a lease, so that a drain waits for it. The promise never rejects. */
  #call(call: SocketCall): Promise<void> | undefined {
    const home = this.#home;
    const handler = home?.handlerAt(this.route);
    if (home === undefined || handler === undefined) return undefined;
    const lease = home.leases.acquire();
    lease.request = this;
    const visit = { home, lease, startedAt: performance.now() };
    try {
      const answer = home.call(lease, readNothing, handler, [call]);
      if (answer instanceof Promise) {
        return answer.then(
          () => settle(visit, false),
          (error: unknown) => this.#fail(visit, error),
        );
      }
      settle(visit, false);
    } catch (error) {
      this.#fail(visit, error);
    }
    return undefined;
  }

  #fail(visit: Visit, error: unknown): void {
    settle(visit, isFault(error));
    if (this.#ending === undefined) this.#endWith(pluginFailed);
  }
}

/** One call of a handler under way. */
interface Visit {
  readonly home: Generation;
  readonly lease: Lease;
  readonly startedAt: number;
}

function settle({ home, lease, startedAt }: Visit, isError: boolean): void {
  home.record(performance.now() - startedAt, isError);
  lease.release();
}

function isCallable({ state }: Generation): boolean {
  return state === 'active' || state === 'draining' || state === 'standby';
}

/** Lets a generation forget a connection that goes on elsewhere. It has no say in that, so nobody waits for it. */
function leave(home: Generation, route: string, id: string): void {
  const handler = isCallable(home) ? home.handlerAt(route) : undefined;
  if (handler === undefined) return;
  const call: SocketCall = { id, type: 'leave' };
  const told: unknown = handler(call as never);
  if (told instanceof Promise) told.catch(() => {}); // Its isolate has ended: it has forgotten everything.
}

function readNothing(): void {}

/** In one piece, as `ws` gives it unless it is told otherwise. */
function bytesOf(data: RawMessage): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

/** What `ws` tells a client whose frames break the protocol. */
function brokenProtocol(error: Error): SocketEnd {
  const code = 'code' in error && typeof error.code === 'string' && !isCodedError(error) ? error.code : '';
  if (code.startsWith('WS_ERR_UNSUPPORTED_') && code.endsWith('_LENGTH')) return { code: 1009, reason: error.message };
  if (code === 'WS_ERR_INVALID_UTF8') return { code: 1007, reason: error.message };
  if (code.startsWith('WS_ERR_TOO_MANY')) return { code: 1008, reason: error.message };
  return { code: 1002, reason: error.message };
}
