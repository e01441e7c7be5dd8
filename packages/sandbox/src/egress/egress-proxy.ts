import { once } from 'node:events';
import { chmod, chown } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { SandboxError } from '../errors.ts';
import type { Resolve } from './checked-addresses.ts';
import { entryFor, isListed, readEntry } from './destination.ts';
import type { EgressRefusal } from './refusal.ts';
import { Tunnel } from './tunnel.ts';
import type { EgressLimits, TunnelHost } from './tunnel.ts';

/** What went through a proxy since it began. */
export interface EgressCounts {
  /** From the confined program to the outside, without what it says to the proxy itself. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Connections that were refused or failed, for whatever reason. */
  readonly refused: number;
  /** Connections that are open now. */
  readonly open: number;
}

/** What a proxy needs to know. */
export interface EgressProxyOptions {
  /** Absolute, not there yet, in a folder that only its users can enter; it is removed by `close()`. */
  readonly socketPath: string;
  /** Who may connect to it beside root; default: the user of this process. */
  readonly uid?: number;
  /** `host:port` entries that may be reached; default none. */
  readonly entries?: readonly string[];
  /** Connections at one time, those that are only asked for included; default 64. */
  readonly maxConnections?: number;
  /** Milliseconds for the steps of a connection; defaults: see there. */
  readonly limits?: Partial<EgressLimits>;
  /** Every address of a host; default the resolver of the machine. */
  readonly resolve?: Resolve;
  /** Called for each refusal, at once. A program can be refused as often as it likes: limit what you log. */
  readonly onRefused?: (refusal: EgressRefusal) => void;
}

/** The one way out of a confined process: CONNECT on a unix socket, to what is listed. */
export interface EgressProxy {
  readonly socketPath: string;
  /** As of now. */
  readonly counts: EgressCounts;
  /**
   * Names what may be reached from now on. Connections to what is no longer named end.
   *
   * @throws SANDBOX_EGRESS_ENTRY_INVALID
   */
  allow(entries: readonly string[]): void;
  /** Ends every connection and removes the socket. May be called again. */
  close(): Promise<void>;
}

const defaultLimits: EgressLimits = {
  headMs: 5000,
  resolveMs: 5000,
  dialMs: 10_000,
  helloMs: 10_000,
  halfClosedIdleMs: 120_000,
};

/** Connections beyond the limit that are still told so; more are dropped without a word. */
const politeRefusals = 16;

/**
 * Opens a proxy. Resolves when it listens.
 *
 * @throws SANDBOX_EGRESS_ENTRY_INVALID, and what the system says when the socket cannot be made
 */
export async function createEgressProxy(options: EgressProxyOptions): Promise<EgressProxy> {
  const proxy = new SocketEgressProxy(options);
  await proxy.listen(options.uid);
  return proxy;
}

class SocketEgressProxy implements EgressProxy {
  readonly socketPath: string;
  readonly #server: Server;
  readonly #maxConnections: number;
  readonly #tunnels = new Set<Tunnel>();
  readonly #tunnelHost: TunnelHost;
  #entries: readonly string[] = [];
  #past = { sentBytes: 0, receivedBytes: 0, refused: 0 };

  constructor(options: EgressProxyOptions) {
    const { socketPath, entries = [], maxConnections = 64, limits, resolve, onRefused } = options;
    this.socketPath = socketPath;
    this.allow(entries);
    this.#maxConnections = maxConnections;
    this.#tunnelHost = {
      limits: { ...defaultLimits, ...limits },
      resolve,
      mayReach: (destination) => isListed(destination, this.#entries),
      onRefused: (error, destination) => {
        this.#past.refused++;
        onRefused?.({ code: error.code, entry: destination && entryFor(destination), message: error.message });
      },
    };
    this.#server = createServer({ allowHalfOpen: true }, (client) => void this.#serve(client));
    this.#server.maxConnections = maxConnections + politeRefusals;
  }

  async listen(uid: number | undefined): Promise<void> {
    this.#server.listen(this.socketPath);
    await once(this.#server, 'listening');
    // The confined process keeps its host alive, or not; the way out of it has no say.
    this.#server.unref();
    await chmod(this.socketPath, 0o600);
    if (uid !== undefined) await chown(this.socketPath, uid, -1);
  }

  get counts(): EgressCounts {
    const counts = { ...this.#past, open: this.#tunnels.size };
    for (const tunnel of this.#tunnels) {
      counts.sentBytes += tunnel.sentBytes;
      counts.receivedBytes += tunnel.receivedBytes;
    }
    return counts;
  }

  allow(entries: readonly string[]): void {
    const wrong = entries.find((entry) => readEntry(entry) === undefined);
    if (wrong !== undefined) throw new SandboxError('SANDBOX_EGRESS_ENTRY_INVALID', { entry: wrong });
    this.#entries = [...entries];
    for (const tunnel of this.#tunnels) {
      if (tunnel.destination !== undefined && !isListed(tunnel.destination, entries)) tunnel.destroy();
    }
  }

  async close(): Promise<void> {
    for (const tunnel of this.#tunnels) tunnel.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(client: Socket): Promise<void> {
    const tunnel = new Tunnel(client, this.#tunnelHost);
    const isOneTooMany = this.#tunnels.size >= this.#maxConnections;
    this.#tunnels.add(tunnel);
    if (isOneTooMany) {
      await tunnel.refuse(new SandboxError('SANDBOX_EGRESS_TOO_MANY', { limit: this.#maxConnections }));
    } else {
      await tunnel.run();
    }
    this.#tunnels.delete(tunnel);
    this.#past.sentBytes += tunnel.sentBytes;
    this.#past.receivedBytes += tunnel.receivedBytes;
  }
}
