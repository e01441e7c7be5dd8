import type { AddressSet } from './address-set.ts';
import { readAddress } from './address-set.ts';

type Address = NonNullable<ReturnType<typeof readAddress>>;

/** Groups of 16 bits in the part of an IPv6 address that a provider gives to one customer. */
const networkGroups = 4;

/**
 * Whom a request comes from. X-Forwarded-For is read from its end, hop by hop, and only as far as trusted proxies have
 * written it: what stands before that, anybody can write.
 */
export function findClient(peer: string, forwardedFor: string | null, trusted: AddressSet): Address | undefined {
  let client = readAddress(peer);
  for (const hop of (forwardedFor ?? '').split(',').toReversed()) {
    const next = readAddress(hop);
    if (!client || !next || !trusted.has(client)) return client;
    client = next;
  }
  return client;
}

/** Under which name a client is counted: an IPv4 address, or a whole /64 of IPv6, which costs no more than one address. */
export function nameOf(client: Address | undefined): string {
  if (!client) return 'unknown';
  if (!('parts' in client)) return client.toString();
  const network = client.parts.slice(0, networkGroups).map((group) => group.toString(16));
  return `${network.join(':')}::/64`;
}
