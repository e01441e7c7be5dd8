import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isCodedError, messageOf } from '@hotswap/protocol';
import { fail } from '../errors.ts';
import { parseStrictJson, recordOf } from './strict-json.ts';
import { textIfThere, writeWhole } from './trust-file.ts';

/** A release as it was when it was first trusted here. */
export interface LockedRelease {
  readonly name: string;
  readonly version: string;
  /** Of the bytes that were signed. */
  readonly digest: string;
  /** The key that signed them. */
  readonly signer: string;
}

/** What the file holds for a version. */
interface LockEntry {
  readonly digest: string;
  readonly signer: string;
  /** ISO 8601. */
  readonly firstTrustedAt: string;
}

type LockContent = Readonly<Record<string, Readonly<Record<string, LockEntry>>>>;

/** Where the lock lies inside a data folder. */
export function lockFile(data: string): string {
  return join(data, 'hotswap.lock');
}

/** The releases a host has trusted: a version never means other bytes later, whoever signed them. */
export class ReleaseLock {
  readonly #data: string;
  #last: Promise<unknown> = Promise.resolve();

  constructor(data: string) {
    this.#data = data;
  }

  /**
   * Notes a release that is trusted for the first time, and compares one that was trusted before.
   *
   * @throws DIGEST_MISMATCH, LOCK_UNREADABLE
   */
  hold(release: LockedRelease, now: number): Promise<void> {
    // One after the other: each writes what it has read.
    const holding = this.#last.then(() => this.#hold(release, now));
    this.#last = holding.catch(() => undefined);
    return holding;
  }

  async #hold({ name, version, digest, signer }: LockedRelease, now: number): Promise<void> {
    const content = await readLock(this.#data);
    const known = content[name]?.[version];
    const problem = known && lockProblem(this.#data, { name, version, digest }, known);
    if (problem !== undefined) throw fail('DIGEST_MISMATCH', { source: `${name}@${version}`, reason: problem });
    if (known) return;
    const entry: LockEntry = { digest, signer, firstTrustedAt: new Date(now).toISOString() };
    const file = lockFile(this.#data);
    try {
      await mkdir(this.#data, { recursive: true, mode: 0o700 });
      const plugins = { ...content, [name]: { ...content[name], [version]: entry } };
      await writeWhole(file, `${JSON.stringify({ format: 1, plugins }, undefined, 2)}\n`);
    } catch (error) {
      throw fail('LOCK_UNREADABLE', { file, reason: messageOf(error) }, { cause: error });
    }
  }
}

/** Why a release is not the one that the lock of a data folder knows; undefined: it is, or the lock knows none. */
export async function lockProblemOf(data: string, release: Omit<LockedRelease, 'signer'>): Promise<string | undefined> {
  const known = (await readLock(data))[release.name]?.[release.version];
  return known && lockProblem(data, release, known);
}

function lockProblem(
  data: string,
  { name, version, digest }: Omit<LockedRelease, 'signer'>,
  known: LockEntry,
): string | undefined {
  if (known.digest === digest) return undefined;
  const file = lockFile(data);
  return `${name} ${version} has been ${known.digest} since ${known.firstTrustedAt}, but what is there has ${digest}; release it under a new version, or take ${version} of ${name} out of ${file} if you know why it changed`;
}

async function readLock(data: string): Promise<LockContent> {
  const file = lockFile(data);
  try {
    const text = await textIfThere(file);
    if (text === undefined) return {};
    const content = recordOf(parseStrictJson(text));
    const plugins = recordOf(content?.['plugins']);
    if (content?.['format'] !== 1 || plugins === undefined) throw new Error('it is no lock');
    return Object.fromEntries(Object.entries(plugins).map(([name, versions]) => [name, versionsOf(name, versions)]));
  } catch (error) {
    if (isCodedError(error)) throw error;
    throw fail('LOCK_UNREADABLE', { file, reason: messageOf(error) }, { cause: error });
  }
}

function versionsOf(name: string, value: unknown): Readonly<Record<string, LockEntry>> {
  const versions = recordOf(value);
  if (versions === undefined) throw new Error(`what it says of ${name} cannot be read`);
  return Object.fromEntries(
    Object.entries(versions).map(([version, entry]) => {
      const { digest, signer, firstTrustedAt } = recordOf(entry) ?? {};
      if (typeof digest !== 'string' || typeof signer !== 'string' || typeof firstTrustedAt !== 'string') {
        throw new Error(`what it says of ${name} ${version} cannot be read`);
      }
      return [version, { digest, signer, firstTrustedAt }];
    }),
  );
}
