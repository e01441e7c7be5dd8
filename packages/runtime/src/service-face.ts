import { messageOf } from '@hotswap/protocol';
import type { ServiceClient, ServiceInfo, ServiceRef, ServiceWatcher } from '@hotswap/sdk';
import type { HostLogger } from './host-services/logging/create-logger.ts';
import type { ServiceDirectory } from './host-services/service-directory.ts';
import { watchService } from './host-services/service-watch.ts';

/** The services of plugins, as the host that embeds the runtime uses them. */
export interface ServiceFace {
  /** A client of a service that some plugin provides. */
  use<Methods>(ref: ServiceRef<Methods>): ServiceClient<Methods>;
  /**
   * Hears who provides a service: first how it stands now, then when its provider comes, is replaced by another
   * generation, or goes; one change at a time, in order. A throw is written to the log, and the watch goes on.
   *
   * @returns what ends it
   */
  watch<Methods>(ref: ServiceRef<Methods>, watcher: ServiceWatcher): () => void;
  /** Every service that some plugin provides now. */
  services(): readonly ServiceInfo[];
}

/** Makes the host's own way to services. */
export function createServiceFace(parts: {
  readonly directory: ServiceDirectory;
  /** How long a call may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly log: HostLogger;
}): ServiceFace {
  const { directory, timeoutMs, log } = parts;
  return {
    use: <Methods>({ name: service, methods }: ServiceRef<Methods>) => {
      const call = (method: string) => (input: unknown, options?: { readonly signal?: AbortSignal }) =>
        directory.call(service, method, input, { signal: options?.signal, timeoutMs });
      const names = Object.keys(methods as object);
      return Object.fromEntries(names.map((name) => [name, call(name)])) as ServiceClient<Methods>;
    },
    watch: ({ name: service }, watcher) =>
      watchService({
        directory,
        service,
        tell: async (state) => {
          try {
            await watcher(state);
          } catch (error) {
            log.error({ service, error: messageOf(error) }, 'a watch of the host failed');
          }
        },
      }),
    services: () => directory.services(),
  };
}
