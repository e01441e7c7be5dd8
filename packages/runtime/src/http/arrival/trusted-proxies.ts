import { BlockList, isIP } from 'node:net';
import { fail } from '../../errors.ts';

/** Whether the peer with this address may speak for others. */
export type TrustsAddress = (address: string | undefined) => boolean;

/**
 * Reads the list of proxies that may name the client, the tenant and the version.
 *
 * @throws TRUSTED_PROXY_INVALID
 */
export function trustedProxies(entries: readonly string[]): TrustsAddress {
  if (entries.length === 0) return () => false;
  const list = new BlockList();
  for (const entry of entries) addEntry(list, entry);
  return (address) => {
    if (address === undefined) return false;
    const plain = unmapped(address);
    const version = isIP(plain);
    return version !== 0 && list.check(plain, version === 6 ? 'ipv6' : 'ipv4');
  };
}

function addEntry(list: BlockList, entry: string): void {
  const [address = '', prefix, rest] = entry.split('/');
  const version = isIP(address);
  const bits = prefix === undefined ? undefined : Number(prefix);
  const isRange = bits === undefined || (/^\d+$/.test(prefix ?? '') && bits <= (version === 6 ? 128 : 32));
  if (version === 0 || !isRange || rest !== undefined) throw fail('TRUSTED_PROXY_INVALID', { entry });
  const family = version === 6 ? 'ipv6' : 'ipv4';
  if (bits === undefined) list.addAddress(address, family);
  else list.addSubnet(address, bits, family);
}

/** A listener on all interfaces sees IPv4 clients as `::ffff:a.b.c.d`. */
function unmapped(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
