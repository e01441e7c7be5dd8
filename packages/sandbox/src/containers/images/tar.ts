import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

/** A file of the archive, or a folder where there is no source. */
export interface TarEntry {
  /** In the archive, without a leading slash. */
  readonly path: string;
  /** On this host; links are followed. */
  readonly source?: string;
  /** Permission bits. */
  readonly mode: number;
}

const block = 512;

/** The bytes of an archive, in the order of its entries; the same entries give the same bytes. */
export async function* writeTar(entries: readonly TarEntry[]): AsyncGenerator<Uint8Array> {
  for (const { path, source, mode } of entries) {
    const size = source === undefined ? 0 : (await stat(source)).size;
    yield header(path, size, mode, source === undefined);
    if (source === undefined) continue;
    let written = 0;
    // A file that grows meanwhile would spoil what follows it.
    for await (const chunk of createReadStream(source, { highWaterMark: 1_048_576, end: size - 1 })) {
      written += (chunk as Buffer).length;
      yield chunk as Buffer;
    }
    if (written !== size) throw new Error(`${source} changed while it was read`);
    yield Buffer.alloc((block - (size % block)) % block);
  }
  yield Buffer.alloc(block * 2);
}

/** The head of an entry, as POSIX has it ("ustar"). */
function header(path: string, size: number, mode: number, isFolder: boolean): Buffer {
  const bytes = Buffer.alloc(block);
  const name = isFolder ? `${path}/` : path;
  const cut = name.length <= 100 ? -1 : name.indexOf('/', name.length - 101);
  if (name.length > 100 && (cut < 0 || cut > 155)) throw new Error(`${path} is too long for an archive`);
  bytes.write(name.slice(cut + 1), 0, 100);
  bytes.write(octal(mode, 7), 100);
  bytes.write(octal(0, 7), 108);
  bytes.write(octal(0, 7), 116);
  bytes.write(octal(size, 11), 124);
  bytes.write(octal(0, 11), 136);
  bytes.write(' '.repeat(8), 148);
  bytes.write(isFolder ? '5' : '0', 156);
  bytes.write('ustar\u000000', 257);
  if (cut > 0) bytes.write(name.slice(0, cut), 345, 155);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${octal(sum, 6)}\0 `, 148);
  return bytes;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}
