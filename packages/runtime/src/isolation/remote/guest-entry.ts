import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GuestCode } from '../threads/guest-code.ts';

/** The files that an entry was made of, with their digests. */
interface EntryRecord {
  readonly file: string;
  readonly inputs: Readonly<Record<string, string>>;
}

/** What a guest runs in: each has an entry of its own. */
type GuestHome = 'thread' | 'process';

let threadCode: Promise<GuestCode> | undefined;
let processFile: Promise<string> | undefined;

/** What a guest's thread runs, read once. */
export function guestThreadCode(): Promise<GuestCode> {
  threadCode ??= findEntry('thread').then((file) => GuestCode.read(file));
  return threadCode;
}

/** The file that a guest's process runs. */
export function guestProcessFile(): Promise<string> {
  processFile ??= findEntry('process');
  return processFile;
}

/**
 * One CJS file, which the build has put beside the package. A checkout has none: it is built from the sources once, and
 * again when one of them has changed.
 */
async function findEntry(home: GuestHome): Promise<string> {
  const found = createRequire(import.meta.url).resolve(`@hotswap/runtime/guest-${home}`);
  if (!found.endsWith('.ts')) return found;
  const folder = join(dirname(found), '../../../node_modules/.cache/hotswap');
  const record = await readRecord(join(folder, `guest-${home}.json`));
  if (record !== undefined && (await isCurrent(record.inputs))) return join(folder, record.file);
  return buildEntry(home, found, folder);
}

async function buildEntry(home: GuestHome, source: string, folder: string): Promise<string> {
  const { bundleGuest } = await import('./bundle-guest.ts');
  const { text, inputs } = await bundleGuest(source);
  const file = `guest-${home}-${digestOf(text)}.cjs`;
  const target = await writable(folder);
  // How it is bundled counts as much as what.
  const made = [...inputs, fileURLToPath(new URL('./bundle-guest.ts', import.meta.url))];
  const digests = await Promise.all(made.map(async (path) => [path, digestOf(await readFile(path))] as const));
  await writeWhole(join(target, file), text);
  const record: EntryRecord = { file, inputs: Object.fromEntries(digests) };
  await writeWhole(join(target, `guest-${home}.json`), JSON.stringify(record));
  return join(target, file);
}

async function readRecord(path: string): Promise<EntryRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(path, 'utf8')) as EntryRecord;
    await readFile(join(dirname(path), record.file));
    return record;
  } catch {
    // Nothing was built yet, or not to its end.
    return undefined;
  }
}

async function isCurrent(inputs: EntryRecord['inputs']): Promise<boolean> {
  const checks = Object.entries(inputs).map(async ([path, digest]) => {
    const bytes = await readFile(path).catch(() => undefined);
    return bytes !== undefined && digestOf(bytes) === digest;
  });
  return (await Promise.all(checks)).every(Boolean);
}

/** The cache of the checkout, or a folder of this process where that cannot be written. */
async function writable(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true });
    return folder;
  } catch {
    return mkdtemp(join(tmpdir(), 'hotswap-guest-'));
  }
}

/** Whoever reads it finds all of it or nothing: several processes may build at once. */
async function writeWhole(path: string, text: string): Promise<void> {
  const unfinished = resolve(dirname(path), `.${basename(path)}.${process.pid}`);
  await writeFile(unfinished, text);
  await rename(unfinished, path);
}

function digestOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 32);
}
