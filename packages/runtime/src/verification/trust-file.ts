import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isCodedError, messageOf } from '@hotswap/protocol';
import { fail } from '../errors.ts';
import { formatTrust, noTrust, parseTrust, type Trust } from './trust.ts';

/** Where a host's trust lies inside its data folder. */
export function trustFile(data: string): string {
  return join(data, 'trust.json');
}

/**
 * Whom the host of a data folder trusts. No file: nobody.
 *
 * @throws TRUST_UNREADABLE
 */
export async function readTrust(data: string): Promise<Trust> {
  return (await readTrustIfChanged(data, ''))?.trust ?? noTrust;
}

/**
 * The same, for who has read it before.
 *
 * @param before the text of that time; empty: there was no file
 * @returns undefined where the text is still the same
 * @throws TRUST_UNREADABLE
 */
export async function readTrustIfChanged(
  data: string,
  before: string,
): Promise<{ readonly trust: Trust; readonly text: string } | undefined> {
  const file = trustFile(data);
  try {
    const text = (await textIfThere(file)) ?? '';
    if (text === before) return undefined;
    return { trust: text === '' ? noTrust : parseTrust(text), text };
  } catch (error) {
    throw fail('TRUST_UNREADABLE', { file, reason: messageOf(error) }, { cause: error });
  }
}

/**
 * Changes whom the host of a data folder trusts; a running host notices.
 *
 * @throws TRUST_UNREADABLE, and what `edit` throws
 */
export async function editTrust(data: string, edit: (trust: Trust) => Trust): Promise<Trust> {
  const file = trustFile(data);
  const changed = edit(await readTrust(data));
  try {
    await mkdir(data, { recursive: true, mode: 0o700 });
    await writeWhole(file, formatTrust(changed));
  } catch (error) {
    if (isCodedError(error)) throw error;
    throw fail('TRUST_UNREADABLE', { file, reason: messageOf(error) }, { cause: error });
  }
  return changed;
}

/** The text of a file; undefined where there is none. */
export async function textIfThere(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
}

/** Writes a file that readers and a power cut find whole, the old one or the new one. Only its owner may read it. */
export async function writeWhole(file: string, text: string): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  const folder = await open(dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
