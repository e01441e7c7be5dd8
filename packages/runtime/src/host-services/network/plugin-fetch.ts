import { destinationOf, entryFor, isListed } from '@hotswap/sandbox/egress';
import type { PluginContext } from '@hotswap/sdk';
import { fail } from '../../errors.ts';
import type { PluginConnections } from './plugin-connections.ts';

export interface PluginFetchOptions {
  readonly plugin: string;
  /** `host:port` entries of `capabilities.network`. */
  readonly network: readonly string[];
  /** Ends every request, and every body that is still being read, with the generation. */
  readonly signal: AbortSignal;
  readonly connections: PluginConnections;
}

const maxRedirects = 5;
const redirectStatuses: readonly number[] = [301, 302, 303, 307, 308];

type Body = NonNullable<RequestInit['body']>;

/** What is sent, and sent again when it is redirected. */
interface Outgoing {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: Body | null;
}

/**
 * `fetch` for one plugin: only to what its manifest lists, redirects included, and to nothing inside the host's network
 * unless an entry is that very address. The address that was checked is the one that is dialled.
 *
 * @throws CAPABILITY_MISSING, NETWORK_ADDRESS_REFUSED, NETWORK_HOST_UNKNOWN, NETWORK_SCHEME_REFUSED, NETWORK_BODY_SPENT,
 * NETWORK_TOO_MANY_REDIRECTS, and what `fetch` itself throws
 */
export function createPluginFetch(options: PluginFetchOptions): PluginContext['fetch'] {
  return async (input, init = {}) => {
    const signals = [options.signal, init.signal, isRequest(input) ? input.signal : undefined];
    const signal = AbortSignal.any(signals.filter((one) => one instanceof AbortSignal));
    const mode = init.redirect ?? (isRequest(input) ? input.redirect : undefined) ?? 'follow';
    let outgoing = outgoingOf(input, init);
    // The host that is spoken to is the one in the address: of many behind one address, no other may be meant.
    outgoing.headers.delete('host');
    for (let redirects = 0; redirects <= maxRedirects; redirects++) {
      checkDestination(outgoing.url, options);
      const { url, method, headers, body } = outgoing;
      const answer = await options.connections.fetch(url, {
        ...init,
        method,
        headers,
        body,
        redirect: mode === 'follow' ? 'manual' : mode,
        signal,
        ...(isStream(body) && { duplex: 'half' }),
      });
      const location = answer.headers.get('location');
      if (mode !== 'follow' || location === null || !redirectStatuses.includes(answer.status)) return answer;
      await answer.body?.cancel();
      outgoing = redirected(outgoing, answer.status, new URL(location, url));
    }
    throw fail('NETWORK_TOO_MANY_REDIRECTS', { url: outgoing.url.origin, limit: maxRedirects });
  };
}

function checkDestination(url: URL, { plugin, network }: PluginFetchOptions): void {
  const destination = destinationOf(url);
  if (destination === undefined) throw fail('NETWORK_SCHEME_REFUSED', { scheme: url.protocol });
  if (!isListed(destination, network)) {
    throw fail('CAPABILITY_MISSING', { plugin, wanted: entryFor(destination), capability: 'network' });
  }
}

/** Reads a native request and HotSwap's own alike: both have the interface, `fetch` knows the native one alone. */
function outgoingOf(input: string | URL | Request, init: RequestInit): Outgoing {
  if (!isRequest(input)) {
    return {
      url: new URL(input),
      method: (init.method ?? 'GET').toUpperCase(),
      headers: new Headers(init.headers),
      body: init.body ?? null,
    };
  }
  return {
    url: new URL(input.url),
    method: (init.method ?? input.method).toUpperCase(),
    headers: new Headers(init.headers ?? [...input.headers]),
    body: init.body ?? input.body,
  };
}

/** What the fetch standard sends after a redirect. */
function redirected(outgoing: Outgoing, status: number, url: URL): Outgoing {
  const headers = new Headers(outgoing.headers);
  if (url.origin !== outgoing.url.origin) {
    for (const name of ['authorization', 'cookie', 'proxy-authorization']) headers.delete(name);
  }
  const { method, body } = outgoing;
  const becomesGet = status === 303 ? method !== 'GET' && method !== 'HEAD' : status < 303 && method === 'POST';
  if (becomesGet) {
    for (const name of ['content-encoding', 'content-language', 'content-length', 'content-location', 'content-type']) {
      headers.delete(name);
    }
    return { url, method: 'GET', headers, body: null };
  }
  if (isStream(body)) throw fail('NETWORK_BODY_SPENT', { url: outgoing.url.origin });
  return { url, method, headers, body };
}

function isRequest(input: string | URL | Request): input is Request {
  return typeof input === 'object' && !(input instanceof URL);
}

function isStream(body: Body | null): boolean {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}
