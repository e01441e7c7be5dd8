import { resolve } from 'node:path';
import { text } from './document/setting-kinds.ts';
import type { SettingsSection } from './document/settings-reader.ts';

/** Where the value of a secret is found. A literal is accepted, and complained about. */
export type SecretReference =
  | { readonly type: 'env'; readonly variable: string }
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 'literal'; readonly value: string };

/** Reads `[secrets]`: `NAME = "env:VARIABLE"` or `"file:path"`, the path relative to `folder`. */
export function readSecretReferences(
  section: SettingsSection,
  folder: string,
): Readonly<Record<string, SecretReference>> {
  const references: Record<string, SecretReference> = {};
  for (const name of section.remaining()) {
    const written = section.read(name, text, undefined);
    if (written !== undefined) references[name] = readReference(written, folder);
  }
  return references;
}

function readReference(written: string, folder: string): SecretReference {
  if (written.startsWith('env:')) return { type: 'env', variable: written.slice(4) };
  if (written.startsWith('file:')) return { type: 'file', path: resolve(folder, written.slice(5)) };
  return { type: 'literal', value: written };
}
