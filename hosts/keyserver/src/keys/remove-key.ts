import type { KeyExtensions } from '../extension-points.ts';
import type { KeyStore } from './key-store.ts';

/**
 * Takes a key out of the store and announces it. For operators and the law; anyone may add the key again unless a
 * plugin on `key.validate` remembers it.
 *
 * @returns whether it was there
 */
export async function removeKey(
  fingerprint: string,
  ports: { readonly store: KeyStore; readonly extensions: KeyExtensions },
): Promise<boolean> {
  const removed = await ports.store.remove(fingerprint);
  if (!removed) return false;
  const userIds = removed.facts.userIds.map(({ text }) => text);
  await ports.extensions.announce('key.removed', { fingerprint, digest: removed.digest, userIds });
  return true;
}
