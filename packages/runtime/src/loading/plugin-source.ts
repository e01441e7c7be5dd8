import { realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PluginDefinition } from '@hotswap/sdk';
import { fail } from '../errors.ts';

/**
 * Where a plugin comes from: a folder with a `package.json`, a single `.ts`/`.js` file, a packed `.tgz`,
 * or, for tests, a definition already in memory.
 */
export type PluginSource = string | URL | InMemoryPlugin;

/** A plugin that needs no loading. Its globals are the host's own: timers are not in its ledger. */
export interface InMemoryPlugin {
  readonly name: string;
  readonly version?: string;
  readonly definition: PluginDefinition<never>;
  /** Further fields of the manifest, as in `PluginManifest`; default none. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** Where its code is, as a default export, and the folder that it may import from. It is then built from there. */
  readonly file?: { readonly entry: string; readonly root: string };
}

/** A source that was found, with real paths. */
export type LocatedSource =
  | { readonly type: 'folder'; readonly folder: string }
  | { readonly type: 'file'; readonly file: string; readonly folder: string }
  | { readonly type: 'archive'; readonly file: string }
  | { readonly type: 'memory'; readonly plugin: InMemoryPlugin };

/**
 * Finds out what a source is.
 *
 * @throws SOURCE_UNSUPPORTED, SOURCE_NOT_FOUND
 */
export async function locateSource(source: PluginSource): Promise<LocatedSource> {
  if (typeof source === 'object' && !(source instanceof URL)) return { type: 'memory', plugin: source };
  const path = pathOf(source);
  const found = await realpath(path).catch((cause: unknown) => {
    throw fail('SOURCE_NOT_FOUND', { path }, { cause });
  });
  if ((await stat(found)).isDirectory()) return { type: 'folder', folder: found };
  if (/\.(?:ts|mts|js|mjs)$/.test(found)) return { type: 'file', file: found, folder: dirname(found) };
  if (/\.(?:tgz|tar\.gz)$/.test(found)) return { type: 'archive', file: found };
  throw fail('SOURCE_UNSUPPORTED', { source: path });
}

/** A source as a path, where it is one; the address of anything else is left as it is. */
export function sourcePath(source: string | URL): string {
  const text = String(source);
  return text.startsWith('file:') ? fileURLToPath(text) : text;
}

function pathOf(source: string | URL): string {
  const text = sourcePath(source);
  // Two letters at least: one is a drive.
  if (/^[a-z][a-z0-9+.-]+:/i.test(text)) throw fail('SOURCE_UNSUPPORTED', { source: text });
  return resolve(text);
}
