// For `npm run coverage`: a process or thread that a test has killed may leave half of the file that says what it reached,
// and one that is still ending may be writing it. The counting reads all of them and stops at the first that is no JSON.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll } from 'vitest';

const patienceMs = 2_000;
const folder = process.env['NODE_V8_COVERAGE'];

if (folder !== undefined) afterAll(() => keepWholeFiles(folder));

async function keepWholeFiles(from: string): Promise<void> {
  const names = await readdir(from).catch((): string[] => []);
  for (const name of names.filter((each) => each.endsWith('.json'))) {
    const file = join(from, name);
    const until = performance.now() + patienceMs;
    while (!(await isWhole(file)) && performance.now() < until) await pause(50);
    if (!(await isWhole(file))) await rm(file, { force: true });
  }
}

async function isWhole(file: string): Promise<boolean> {
  const text = await readFile(file, 'utf8');
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
