import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { IsolationLevel, PluginManifest } from '@hotswap/protocol';
import type { PlaceOwner } from './places/place.ts';
import type { TextProgram } from '../guest/compile.ts';
import { sha256 } from '../loading/plugin-digest.ts';
import { fail } from '../errors.ts';

/** Where native code is contained, and gone with its process. */
const confined: readonly IsolationLevel[] = ['sandbox', 'container'];

/**
 * Refuses a plugin that may load native addons where they would outlive it, or where operators want none. A program of
 * its own is nobody's addon.
 *
 * @throws NATIVE_NEEDS_CONFINEMENT, NATIVE_NOT_ALLOWED
 */
export function checkNative(
  { name: plugin, capabilities, executable }: PluginManifest,
  level: IsolationLevel,
  isAllowed: boolean,
): void {
  if (capabilities?.native !== true || executable !== undefined) return;
  if (!isAllowed) throw fail('NATIVE_NOT_ALLOWED', { plugin });
  if (!confined.includes(level)) throw fail('NATIVE_NEEDS_CONFINEMENT', { plugin, level });
}

/** What a process must be able to do for a program's addons: they bring libraries that lie beside them. */
export function rightsForAddons({ addons = [] }: TextProgram): Required<Pick<PlaceOwner, 'native' | 'files'>> {
  return { native: addons.length > 0, files: [...new Set(addons.map(({ file }) => dirname(file)))] };
}

/**
 * Addons stay files, so a plugin that is started again, or gone back to, finds what is there now.
 *
 * @throws NATIVE_ADDON_CHANGED
 */
export async function checkAddons(plugin: string, { addons = [] }: TextProgram): Promise<void> {
  for (const { file, digest } of addons) {
    const bytes = await readFile(file).catch(() => undefined);
    if (bytes === undefined || sha256(bytes) !== digest) throw fail('NATIVE_ADDON_CHANGED', { plugin, file });
  }
}
