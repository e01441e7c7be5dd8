import { accessSync, constants, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';

// The files of /proc and of control groups are made by the kernel while they are read: no disk is waited for, and a
// synchronous read takes microseconds where one through the thread pool takes a hundred.

/** The text of a file, or undefined when it, or the process it tells of, is not there. */
export function readPseudo(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The number that a file holds, or that stands behind a word at the start of one of its lines. */
export function readNumber(path: string, key?: string): number | undefined {
  const text = readPseudo(path);
  return text === undefined ? undefined : numberIn(text, key);
}

/** The same in a text that was read. */
export function numberIn(text: string, key?: string): number | undefined {
  const line = key === undefined ? text : text.split('\n').find((one) => one.startsWith(`${key} `));
  const digits = line?.slice(key === undefined ? 0 : key.length + 1).trim();
  return digits === undefined || !/^\d+$/.test(digits) ? undefined : Number(digits);
}

/** @throws what the kernel answers */
export function writePseudo(path: string, value: string): void {
  writeFileSync(path, value, { flag: 'r+' });
}

export function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

export function foldersIn(path: string): readonly string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((one) => one.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

/** Removes an empty group. @returns whether it is gone; false while a process in it is still going */
export function removeFolder(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}
