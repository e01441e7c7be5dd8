import { SocketConnection, type ConnectionParts } from './connection.ts';
import { pluginFailed } from './socket-end.ts';
import { fail } from '../../errors.ts';
import { closeProblem, maxAttachmentBytes, type SocketPort } from '../../guest/socket-peer.ts';
import { RoundClock } from '../../host-services/round-clock.ts';
import type { HostClock } from '../../host-services/system-clock.ts';
import type { Generation } from '../../plugin/generation.ts';
import type { Lease } from '../../routing/lease.ts';
import type { Router } from '../../routing/router.ts';
import type { SlotView } from '../../routing/routing-table.ts';
import { createRequestIds } from '../arrival/request-ids.ts';

/** Connections looked at in one turn of the event loop, when the table has changed. */
const sliceSize = 64;

/** A generation that drains waits until its connections have gone on or ended. */
interface Hold {
  readonly lease: Lease;
  readonly waitsFor: Set<SocketConnection>;
}

/** Every open connection: who has which, and what becomes of them when the routing table changes. */
export class SocketHub {
  readonly #router: Router<Generation>;
  readonly #clock: Pick<HostClock, 'after'>;
  readonly #nextId = createRequestIds();
  readonly #connections = new Map<string, SocketConnection>();
  readonly #counts = new Map<string, number>();
  readonly #holds = new Map<Generation, Hold>();
  readonly #stopPings = new Map<SocketConnection, () => void>();
  #views: { readonly version: number; readonly byName: Map<string, SlotView<Generation>> } | undefined;
  #sweep: 'none' | 'running' | 'again' = 'none';
  #servers = 0;

  constructor({ router, clock }: { readonly router: Router<Generation>; readonly clock: Pick<HostClock, 'after'> }) {
    this.#router = router;
    this.#clock = clock;
  }

  /** Whether some server hands its upgrades over. */
  get isAvailable(): boolean {
    return this.#servers > 0;
  }

  /** A server hands its upgrades over from now on. @returns what ends that */
  serve(): () => void {
    this.#servers++;
    return () => void this.#servers--;
  }

  /** How many connections a plugin has. */
  count(plugin: string): number {
    return this.#counts.get(plugin) ?? 0;
  }

  /** One timer for the pings of all connections of a server. */
  createPings(everyMs: number): RoundClock {
    return new RoundClock(this.#clock, everyMs);
  }

  /** Takes a connection in; its `open` is called at once, or as soon as its plugin can take it. */
  open(parts: Omit<ConnectionParts, 'id' | 'table' | 'left'>, pings: RoundClock): SocketConnection {
    const connection = new SocketConnection({
      ...parts,
      id: this.#nextId(),
      table: this.#tableOf(parts.plugin),
      left: (left, home) => this.#left(left, home),
    });
    this.#connections.set(connection.id, connection);
    this.#counts.set(parts.plugin, this.count(parts.plugin) + 1);
    this.#stopPings.set(connection, pings.add(connection));
    connection.pump();
    return connection;
  }

  /** What one generation may do with its connections; with all others it may do nothing. */
  portOf(owner: () => Generation): SocketPort {
    const own = (id: string): SocketConnection | undefined => {
      const connection = this.#connections.get(id);
      return connection?.home === owner() ? connection : undefined;
    };
    return {
      send: (id, data) => own(id)?.send(data),
      close: (id, code, reason) =>
        own(id)?.end(closeProblem(code, reason) === undefined ? { code, reason } : pluginFailed),
      attach: (id, attachment) => {
        const bytes = attachment?.byteLength ?? 0;
        if (bytes > maxAttachmentBytes) throw fail('ATTACHMENT_TOO_LARGE', { bytes, limit: maxAttachmentBytes });
        own(id)?.attach(attachment);
      },
      buffered: (id) => own(id)?.bufferedBytes ?? 0,
    };
  }

  /** Another table was published: connections whose plugin changed hands are told, a few in each turn. */
  tableChanged(): void {
    // What nobody looks up again must not keep generations alive.
    this.#views = undefined;
    if (this.#connections.size === 0) return;
    if (this.#sweep === 'none') this.#begin();
    else this.#sweep = 'again';
  }

  /** A generation begins to drain: the drain waits for its connections that must go, and for no other. */
  drain(generation: Generation): void {
    const leaving = this.#of(generation).filter(({ isLeaving }) => isLeaving);
    if (leaving.length === 0) return;
    const lease = this.#holds.get(generation)?.lease ?? generation.leases.acquire();
    this.#holds.set(generation, { lease, waitsFor: new Set(leaving) });
    // Past the drain's end nobody is waited for any more; handlers under way are cancelled by their own leases.
    lease.cutOff = () => this.#release(generation);
    this.tableChanged();
  }

  /** A generation is gone. After a crash nobody knows what it still handled, so its connections are closed. */
  ended(generation: Generation, how: 'stopped' | 'failed'): void {
    for (const connection of this.#of(generation)) {
      if (how === 'failed') connection.drop(pluginFailed);
      else connection.pump();
    }
  }

  #of(generation: Generation): SocketConnection[] {
    return [...this.#connections.values()].filter(({ home }) => home === generation);
  }

  #left(connection: SocketConnection, home: Generation | undefined): void {
    if (connection.home === home && this.#connections.delete(connection.id)) {
      this.#counts.set(connection.plugin, this.count(connection.plugin) - 1);
      this.#stopPings.get(connection)?.();
      this.#stopPings.delete(connection);
    }
    if (home === undefined) return;
    const hold = this.#holds.get(home);
    if (hold?.waitsFor.delete(connection) === true && hold.waitsFor.size === 0) this.#release(home);
  }

  #release(generation: Generation): void {
    this.#holds.get(generation)?.lease.release();
    this.#holds.delete(generation);
  }

  #begin(): void {
    this.#sweep = 'running';
    const look = (connections: readonly SocketConnection[], from: number): void => {
      for (const connection of connections.slice(from, from + sliceSize)) connection.pump();
      if (from + sliceSize < connections.length) setImmediate(look, connections, from + sliceSize);
      else this.#end();
    };
    // Not in the turn of the publish, which is to be short.
    setImmediate(() => look([...this.#connections.values()], 0));
  }

  #end(): void {
    const isAgain = this.#sweep === 'again';
    this.#sweep = 'none';
    if (isAgain) return this.tableChanged();
    // A rollback may have come meanwhile: who stays is not waited for.
    for (const [generation, { waitsFor }] of this.#holds) {
      for (const connection of waitsFor) if (!connection.isLeaving) waitsFor.delete(connection);
      if (waitsFor.size === 0) this.#release(generation);
    }
  }

  /** Looked up once for each table, and not by each connection. */
  #tableOf(plugin: string): ConnectionParts['table'] {
    const router = this.#router;
    const viewOf = (): SlotView<Generation> | undefined => {
      if (this.#views?.version !== router.version) {
        const byName = new Map(router.table.slots.map((view) => [view.name, view]));
        this.#views = { version: router.version, byName };
      }
      return this.#views.byName.get(plugin);
    };
    return {
      get version() {
        return router.version;
      },
      get view() {
        return viewOf();
      },
    };
  }
}
