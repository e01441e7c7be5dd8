import type {
  Clock,
  Events,
  Logger,
  MaybePromise,
  Metrics,
  PluginContext,
  Secrets,
  ServiceInfo,
  Storage,
} from '@hotswap/sdk';

/**
 * The host's side of what one generation is handed. The same interfaces stand on both sides of an isolation
 * boundary: in the host's thread they are called directly, elsewhere a proxy speaks for them.
 */
export interface HostServices {
  readonly storage: Storage;
  readonly secrets: Secrets;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly clock: Clock;
  readonly fetch: PluginContext['fetch'];
  /** @param weight what the payload takes in memory, in bytes, where that is known */
  readonly emit: (name: string, payload?: unknown, weight?: number) => ReturnType<Events['emit']>;
  /** Calls a method of another plugin's service; waits for a provider, bounded by the call time-out. */
  callService(service: string, method: string, input: unknown, signal: AbortSignal | undefined): Promise<unknown>;
  /** Every service that is provided now. */
  listServices(): MaybePromise<readonly ServiceInfo[]>;
  /** Withdraws what the host keeps for this generation alone. Called once, when it ends. */
  close(): void;
}
