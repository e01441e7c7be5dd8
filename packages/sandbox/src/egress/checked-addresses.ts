import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import { isPublicAddress } from './address-rules.ts';
import { isExplicitAddress } from './destination.ts';

/** Every address of a host. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** Where a listed host may be dialled, or why nowhere. */
export type CheckedAddresses =
  | { readonly addresses: readonly [string, ...string[]] }
  | { readonly refused: 'unknown'; readonly cause?: unknown }
  | { readonly refused: 'inner'; readonly address: string };

/**
 * Resolves a listed host, once, and checks what came out: a name with one address inside the host's network leads
 * nowhere. Dial what this returns and never the name, or a name server could answer differently the second time.
 */
export async function checkedAddresses(host: string, resolve: Resolve = resolveWithMachine): Promise<CheckedAddresses> {
  if (isExplicitAddress(host)) return { addresses: host === 'localhost' ? ['127.0.0.1', '::1'] : [host] };
  try {
    return judgeAddresses(await resolve(host));
  } catch (cause) {
    return { refused: 'unknown', cause };
  }
}

/** What a socket takes for its resolver: any name has these addresses. */
export function fixedLookup(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, options, answer) => {
    if (options.all === true) return answer(null, all);
    return answer(null, all[0]?.address ?? '', all[0]?.family);
  };
}

function judgeAddresses([first, ...others]: readonly string[]): CheckedAddresses {
  if (first === undefined) return { refused: 'unknown' };
  const address = [first, ...others].find((one) => !isPublicAddress(one));
  return address === undefined ? { addresses: [first, ...others] } : { refused: 'inner', address };
}

async function resolveWithMachine(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
