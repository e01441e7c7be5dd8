import { createHash } from 'node:crypto';
import type { PluginManifest } from '@hotswap/protocol';
import type { NativeAddon } from './artifact.ts';

/**
 * The digest of a plugin: `sha256:` and hex over its manifest, in a form without accidents of order, its code, and the
 * names and digests of its native addons.
 */
export function pluginDigest(manifest: PluginManifest, code: string, addons: readonly NativeAddon[] = []): string {
  const native = addons.map(({ name, digest }) => `\0${digest} ${name}`).toSorted();
  return `sha256:${sha256(`${canonicalJson(manifest)}\0${code}${native.join('')}`)}`;
}

/** SHA-256 of a text or bytes, in hex. */
export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
