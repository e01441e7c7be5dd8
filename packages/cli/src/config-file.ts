import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf } from '@hotswap/protocol';
import { fail } from './errors.ts';
import type { Terminal } from './terminal.ts';

/**
 * A plugin's config from a TOML, YAML or JSON file; undefined when no file was named.
 *
 * @throws CONFIG_FILE_UNREADABLE, CONFIG_SYNTAX
 */
export async function readConfigFile(
  file: string | undefined,
  terminal: Pick<Terminal, 'cwd'>,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  if (file === undefined) return undefined;
  const path = resolve(terminal.cwd, file);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw fail('CONFIG_FILE_UNREADABLE', { path, problem: messageOf(cause) }, { cause });
  });
  // Loaded here and not above: it brings the whole runtime, which no other client command needs.
  const { formatOf, readConfigDocument } = await import('@hotswap/runtime');
  const { value } = readConfigDocument(text, formatOf(path), path);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw fail('CONFIG_FILE_UNREADABLE', { path, problem: 'it holds no table of settings' });
  }
  return { ...value };
}
