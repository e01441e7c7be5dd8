import { checkedAddresses, createCheckedDispatcher } from '@hotswap/sandbox/egress';
import type { CheckedDispatcher, Resolve, SocketTraffic } from '@hotswap/sandbox/egress';
import { fail } from '../../errors.ts';

export interface PluginConnectionsOptions {
  /** Ends every connection with the generation. */
  readonly signal: AbortSignal;
  /** Default: the resolver of the machine. */
  readonly resolve?: Resolve;
}

/**
 * The connections that the fetches of one generation go over. A host is resolved and checked for each new one, and what
 * was checked is dialled: a name server that answers differently the second time is not asked a second time.
 */
export class PluginConnections implements SocketTraffic {
  readonly #options: PluginConnectionsOptions;
  #opening: Promise<CheckedDispatcher> | undefined;
  #opened: CheckedDispatcher | undefined;

  constructor(options: PluginConnectionsOptions) {
    this.#options = options;
  }

  get sentBytes(): number {
    return this.#opened?.traffic.sentBytes ?? 0;
  }

  get receivedBytes(): number {
    return this.#opened?.traffic.receivedBytes ?? 0;
  }

  /** `fetch` of Node, once it was decided that the destination may be reached. */
  async fetch(url: URL, init: RequestInit): Promise<Response> {
    this.#opening ??= this.#open();
    const { dispatcher } = await this.#opening;
    try {
      return await fetch(url, { ...init, dispatcher });
    } catch (error) {
      // What the check says is for the plugin; fetch tells it as a mere cause.
      throw error instanceof TypeError && isRefusal(error.cause) ? error.cause : error;
    }
  }

  async #open(): Promise<CheckedDispatcher> {
    const { signal, resolve } = this.#options;
    const opened = await createCheckedDispatcher((host) => addressesOf(host, resolve));
    this.#opened = opened;
    const close = (): void => void opened.close();
    if (signal.aborted) close();
    else signal.addEventListener('abort', close, { once: true });
    return opened;
  }
}

async function addressesOf(host: string, resolve: Resolve | undefined): Promise<readonly string[]> {
  const checked = await checkedAddresses(host, resolve);
  if ('addresses' in checked) return checked.addresses;
  if (checked.refused === 'unknown') throw fail('NETWORK_HOST_UNKNOWN', { host }, { cause: checked.cause });
  throw fail('NETWORK_ADDRESS_REFUSED', { host, address: checked.address });
}

function isRefusal(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' && code.startsWith('NETWORK_');
}
