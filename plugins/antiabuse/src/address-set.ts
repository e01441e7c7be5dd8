import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = readonly [network: Address, bits: number];

/** Addresses and ranges of both families. */
export class AddressSet {
  readonly #ranges: readonly Range[];

  /**
   * @param field where the entries were written, for the message
   * @throws when an entry is no address or range
   */
  constructor(entries: readonly string[], field: string) {
    this.#ranges = entries.map((entry) => readRange(entry, field));
  }

  has(address: Address): boolean {
    return this.#ranges.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));
  }
}

/** Reads an address, with or without a port. IPv4 inside IPv6 becomes IPv4, as a socket of both families reports it. */
export function readAddress(text: string): Address | undefined {
  const trimmed = text.trim();
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(trimmed)?.[1] ?? /^([\d.]+):\d+$/.exec(trimmed)?.[1] ?? trimmed;
  return ipaddr.isValid(bare) ? ipaddr.process(bare) : undefined;
}

function readRange(entry: string, field: string): Range {
  if (ipaddr.isValidCIDR(entry)) return ipaddr.parseCIDR(entry);
  const address = readAddress(entry);
  if (!address)
    throw new Error(`config.${field} holds "${entry}", which is no address and no range such as 192.0.2.0/24`);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}
