// One snapshot on disk: a line of JSON that says what it is, then the bytes of the state as they are.
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isIntact, type SealedState } from './sealed-state.ts';

/** The first line of a file. */
interface Header extends Omit<SealedState, 'bytes'> {
  readonly format: 1;
  readonly sizeBytes: number;
}

/** What a file turned out to be: the state, or why it cannot be used. */
export type SnapshotReading = SealedState | { readonly problem: string };

const newline = 0x0a;

/** Writes a file that readers and a power cut find whole or not at all. What it left half done is removed. */
export async function writeSnapshot(file: string, sealed: SealedState): Promise<void> {
  const { bytes, ...rest } = sealed;
  const header: Header = { format: 1, ...rest, sizeBytes: bytes.byteLength };
  await writeDurably(file, [`${JSON.stringify(header)}\n`, bytes]);
}

/** Writes parts one after the other to `FILE.tmp`, and renames that to the file once it is on the disk. */
export async function writeDurably(file: string, parts: readonly (string | Uint8Array)[]): Promise<void> {
  const temporary = `${file}.tmp`;
  try {
    // Only the owner may read it: a state can hold anything.
    const handle = await open(temporary, 'w', 0o600);
    try {
      for (const part of parts) await handle.writeFile(part);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    // The reason for the failure is what counts; a leftover is removed at the next start.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(file));
}

/** Makes the names in a folder survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Reads a file of `plugin`; rejects only with what the file system says. */
export async function readSnapshot(file: string, plugin: string): Promise<SnapshotReading> {
  const content = await readFile(file);
  const end = content.indexOf(newline);
  const header = end === -1 ? undefined : headerOf(content.toString('utf8', 0, end));
  if (header === undefined) return { problem: 'its first line is not that of a snapshot' };
  // A view and no copy: a state may be large.
  const bytes = content.subarray(end + 1);
  const { format: _, sizeBytes, ...rest } = header;
  if (bytes.byteLength !== sizeBytes) return { problem: `it holds ${bytes.byteLength} bytes of ${sizeBytes}` };
  if (header.plugin !== plugin) return { problem: `it is of plugin ${header.plugin}` };
  const sealed = { ...rest, bytes };
  return isIntact(sealed) ? sealed : { problem: 'its bytes do not match their checksum' };
}

function headerOf(line: string): Header | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isHeader(value) ? value : undefined;
  } catch {
    return undefined; // the caller says what is wrong
  }
}

function isHeader(value: unknown): value is Header {
  if (typeof value !== 'object' || value === null) return false;
  const header: { readonly [Key in keyof Header]?: unknown } = value;
  return (
    header.format === 1 &&
    typeof header.plugin === 'string' &&
    typeof header.checksum === 'string' &&
    typeof header.schemaVersion === 'number' &&
    typeof header.takenAt === 'number' &&
    typeof header.sizeBytes === 'number'
  );
}
