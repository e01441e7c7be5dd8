import type { Logger } from '@hotswap/sdk';
import type { SocketHub } from './socket-hub.ts';
import type { HostClock } from '../../host-services/system-clock.ts';
import type { Generation } from '../../plugin/generation.ts';

/** What is looked at of a plugin. */
interface ServedPlugin {
  readonly name: string;
  readonly current: Pick<Generation, 'registrations'> | undefined;
}

/** Hosts mostly open their server after the plugins have started. */
const patienceMs = 5_000;

/** Says so when plugins wait for WebSocket connections that no server hands over. */
export class UnservedSockets {
  readonly #hub: Pick<SocketHub, 'isAvailable'>;
  readonly #clock: Pick<HostClock, 'after'>;
  readonly #log: Logger;
  readonly #told = new Set<string>();

  constructor(parts: {
    readonly hub: Pick<SocketHub, 'isAvailable'>;
    readonly clock: Pick<HostClock, 'after'>;
    readonly log: Logger;
  }) {
    this.#hub = parts.hub;
    this.#clock = parts.clock;
    this.#log = parts.log;
  }

  /** A plugin became active: it is logged once if no server serves its WebSocket routes a while later. */
  watch(plugin: ServedPlugin): void {
    if (!hasSockets(plugin) || this.#hub.isAvailable || this.#told.has(plugin.name)) return;
    this.#told.add(plugin.name);
    this.#clock.after(patienceMs, () => {
      const [notice] = this.notices([plugin]);
      if (notice === undefined) this.#told.delete(plugin.name);
      else this.#log.warn({ plugin_name: plugin.name, websocket: 'unavailable' }, notice);
    });
  }

  /** What an operator must know, in a sentence for all of them. */
  notices(plugins: readonly ServedPlugin[]): readonly string[] {
    if (this.#hub.isAvailable) return [];
    const names = plugins.filter(hasSockets).map(({ name }) => name);
    if (names.length === 0) return [];
    return [
      `websocket: unavailable for ${names.join(', ')}: no server hands its upgrades over; call runtime.websockets(server)`,
    ];
  }
}

/** Whether a plugin has routes for WebSocket connections. */
export function hasSockets({ current }: ServedPlugin): boolean {
  return current?.registrations.some(({ type }) => type === 'websocket') ?? false;
}
