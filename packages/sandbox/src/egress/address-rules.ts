import { BlockList, isIP, isIPv4 } from 'node:net';

/** Ranges of IPv4 that are private, local, shared, reserved, for documents or for many receivers. */
const internalIPv4 = blockListOf('ipv4', [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]);

/** IPv6 gives out public addresses from this range alone. */
const publicIPv6 = blockListOf('ipv6', [['2000::', 3]]);

/** Parts of it that carry an IPv4 address inside (Teredo, 6to4), or are for documents. */
const tunnelledIPv6 = blockListOf('ipv6', [
  ['2001::', 32],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]);

const mappedIPv4 = blockListOf('ipv6', [['::ffff:0:0', 96]]);

/** Whether an address is reachable from anywhere, and so no way into the host's own network. */
export function isPublicAddress(address: string): boolean {
  // With a zone it is bound to one link of this machine.
  if (isIP(address) === 0 || address.includes('%')) return false;
  if (isIPv4(address)) return !internalIPv4.check(address, 'ipv4');
  // A block list of IPv4 ranges sees the IPv4 address inside a mapped one.
  if (mappedIPv4.check(address, 'ipv6')) return !internalIPv4.check(address, 'ipv6');
  return publicIPv6.check(address, 'ipv6') && !tunnelledIPv6.check(address, 'ipv6');
}

function blockListOf(family: 'ipv4' | 'ipv6', ranges: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of ranges) list.addSubnet(network, prefix, family);
  return list;
}
