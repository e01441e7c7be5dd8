import type { Capabilities } from '@hotswap/protocol';

/**
 * Names the trust domain of a plugin. Plugins of one domain may share a process: the same key vouches for them, and what
 * they may do is the same, whatever order they name it in. Pure.
 */
export function trustOf(
  { network = [], secrets = [], files = [], services = [], native = false }: Capabilities,
  signer: string | undefined,
): string {
  const named = [network, secrets, files, services].map((names) => [...new Set(names)].toSorted(byText));
  return JSON.stringify([...named, native, signer]);
}

function byText(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
