import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { SandboxError } from '../errors.ts';
import { checkedAddresses, fixedLookup } from './checked-addresses.ts';
import type { Resolve } from './checked-addresses.ts';
import { longestHead, readConnectHead } from './connect-head.ts';
import { entryFor } from './destination.ts';
import type { Destination } from './destination.ts';
import { judgeFirstBytes, unreadable } from './first-bytes.ts';
import type { FirstBytesVerdict } from './first-bytes.ts';
import { alertRefusal, answerRefusal } from './refusal.ts';
import { readBeginning } from './socket-beginning.ts';

/** Milliseconds that the steps of a connection may take. */
export interface EgressLimits {
  readonly headMs: number;
  readonly resolveMs: number;
  readonly dialMs: number;
  /** From the first byte of a TLS hello to its last. */
  readonly helloMs: number;
  /** Without a byte, once one side has ended: a side that is gone cannot say so. */
  readonly halfClosedIdleMs: number;
}

/** What a tunnel asks of its proxy. */
export interface TunnelHost {
  readonly limits: EgressLimits;
  readonly resolve: Resolve | undefined;
  readonly mayReach: (destination: Destination) => boolean;
  readonly onRefused: (error: SandboxError, destination: Destination | undefined) => void;
}

/** One connection of a confined program: asked for, checked, dialled, looked into, then passed through. */
export class Tunnel {
  readonly #client: Socket;
  readonly #host: TunnelHost;
  #remote: Socket | undefined;
  #destination: Destination | undefined;

  constructor(client: Socket, host: TunnelHost) {
    this.#client = client;
    this.#host = host;
    // What goes wrong on either side ends the other, in `close`; there is nobody to tell.
    client.on('error', () => {}).once('close', () => this.#leave(client, this.#remote));
  }

  /** From the confined program to the outside. */
  get sentBytes(): number {
    return this.#remote?.bytesWritten ?? 0;
  }

  get receivedBytes(): number {
    return this.#remote?.bytesRead ?? 0;
  }

  get destination(): Destination | undefined {
    return this.#destination;
  }

  /** Never rejects. Resolves when both sides are gone. */
  async run(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      this.#refuse(error instanceof SandboxError ? error : this.#unreachable(error));
    }
    for (const side of [this.#client, this.#remote]) await closed(side);
  }

  /** Says why there will be no connection. */
  refuse(error: SandboxError): Promise<void> {
    this.#refuse(error);
    return closed(this.#client);
  }

  destroy(): void {
    this.#client.destroy();
    this.#remote?.destroy();
  }

  async #open(): Promise<void> {
    const destination = await this.#readHead();
    if (destination === undefined) return void this.#client.destroy();
    this.#destination = destination;
    if (!this.#host.mayReach(destination)) throw this.#error('SANDBOX_EGRESS_NOT_LISTED');
    const addresses = await this.#checkAddresses(destination);
    if (this.#client.destroyed) return;
    const remote = await this.#dial(destination, addresses);
    if (this.#client.destroyed) return void remote.destroy();
    this.#client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    // At once: in some protocols the server speaks first.
    remote.pipe(this.#client);
    this.#watchHalfClosed(remote);
    await this.#passFirstBytes(destination, remote);
  }

  async #readHead(): Promise<Destination | undefined> {
    const limitMs = this.#host.limits.headMs;
    const beginning = await readBeginning(this.#client, {
      limitMs,
      countFrom: 'now',
      judge: (bytes) => {
        const reading = readConnectHead(bytes);
        if (reading.kind === 'unfinished') return undefined;
        return { verdict: reading, consumed: reading.kind === 'connect' ? reading.length : bytes.length };
      },
    });
    if (beginning.kind === 'late') throw timedOut('the request to the proxy', limitMs);
    if (beginning.kind === 'judged' && beginning.verdict.kind === 'connect') return beginning.verdict.destination;
    if (beginning.kind === 'judged') throw new SandboxError('SANDBOX_EGRESS_REQUEST_INVALID', { limit: longestHead });
    return undefined;
  }

  async #checkAddresses(destination: Destination): Promise<readonly string[]> {
    const { limits, resolve } = this.#host;
    const late = timedOut(`the look-up of ${destination.host}`, limits.resolveMs);
    const checked = await within(
      checkedAddresses(destination.host, resolve),
      AbortSignal.timeout(limits.resolveMs),
      late,
    );
    if ('addresses' in checked) return checked.addresses;
    if (checked.refused === 'unknown') throw this.#error('SANDBOX_EGRESS_HOST_UNKNOWN');
    throw this.#error('SANDBOX_EGRESS_ADDRESS_REFUSED', { address: checked.address });
  }

  async #dial(destination: Destination, addresses: readonly string[]): Promise<Socket> {
    const { dialMs } = this.#host.limits;
    const remote = connect({ ...destination, lookup: fixedLookup(addresses), allowHalfOpen: true, noDelay: true });
    this.#remote = remote;
    const signal = AbortSignal.timeout(dialMs);
    try {
      await once(remote, 'connect', { signal });
    } catch (error) {
      remote.on('error', () => {}).destroy();
      throw signal.aborted ? timedOut(`the connection to ${entryFor(destination)}`, dialMs) : error;
    }
    return remote.on('error', () => {}).once('close', () => this.#leave(remote, this.#client));
  }

  async #passFirstBytes(destination: Destination, remote: Socket): Promise<void> {
    for (;;) {
      const verdict = await this.#lookAtFirstBytes(destination);
      if (verdict === undefined) return;
      if (verdict.kind === 'pass') return void this.#client.pipe(remote);
      if (verdict.kind === 'refuse') return this.#breakOff(verdict.error, remote);
      remote.write(verdict.bytes);
    }
  }

  async #lookAtFirstBytes(destination: Destination): Promise<Look | undefined> {
    const beginning = await readBeginning<Look>(this.#client, {
      limitMs: this.#host.limits.helloMs,
      countFrom: 'first-byte',
      judge: (bytes) => lookFor(judgeFirstBytes(bytes, destination), bytes),
    });
    if (beginning.kind === 'judged') return beginning.verdict;
    if (beginning.kind === 'closed') return undefined;
    if (beginning.kind === 'ended' && beginning.bytes.length === 0) return { kind: 'pass' };
    return { kind: 'refuse', error: unreadable(destination, 'its end did not come') };
  }

  #breakOff(error: SandboxError, remote: Socket): void {
    remote.unpipe(this.#client).destroy();
    this.#host.onRefused(error, this.#destination);
    alertRefusal(this.#client);
  }

  #refuse(error: SandboxError): void {
    this.#host.onRefused(error, this.#destination);
    answerRefusal(this.#client, error);
  }

  /** A side that ended in order leaves what is under way to the other one; a side that broke takes it along. */
  #leave(side: Socket, other: Socket | undefined): void {
    if (!side.readableEnded || !side.writableFinished) other?.destroy();
  }

  #watchHalfClosed(remote: Socket): void {
    for (const side of [this.#client, remote]) {
      side.once('end', () => {
        const limitMs = this.#host.limits.halfClosedIdleMs;
        for (const one of [this.#client, remote]) one.setTimeout(limitMs, () => this.destroy());
      });
    }
  }

  #error(code: 'SANDBOX_EGRESS_NOT_LISTED' | UnreachableCode, details: Readonly<Record<string, string>> = {}) {
    return new SandboxError(code, { ...details, entry: this.#destination && entryFor(this.#destination) });
  }

  #unreachable(cause: unknown): SandboxError {
    const reason = (cause as NodeJS.ErrnoException | undefined)?.code ?? 'no reason given';
    return this.#error('SANDBOX_EGRESS_UNREACHABLE', { reason });
  }
}

type UnreachableCode = 'SANDBOX_EGRESS_HOST_UNKNOWN' | 'SANDBOX_EGRESS_ADDRESS_REFUSED' | 'SANDBOX_EGRESS_UNREACHABLE';

type Look =
  | Exclude<FirstBytesVerdict, { readonly kind: 'wait' | 'skip' }>
  | { readonly kind: 'forward'; readonly bytes: Buffer };

/** What the verdict takes from the stream: a preamble alone, the rest stays for the next reader. */
function lookFor(verdict: FirstBytesVerdict, bytes: Buffer): { verdict: Look; consumed: number } | undefined {
  if (verdict.kind === 'wait') return undefined;
  if (verdict.kind !== 'skip') return { verdict, consumed: 0 };
  return { verdict: { kind: 'forward', bytes: bytes.subarray(0, verdict.length) }, consumed: verdict.length };
}

function timedOut(what: string, limitMs: number): SandboxError {
  return new SandboxError('SANDBOX_EGRESS_TIMED_OUT', { what, limitMs });
}

function within<T>(work: Promise<T>, limit: AbortSignal, late: Error): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  limit.addEventListener('abort', () => reject(late));
  return Promise.race([work, promise]);
}

async function closed(socket: Socket | undefined): Promise<void> {
  if (socket !== undefined && !socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}
