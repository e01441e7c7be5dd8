// What the compiler leaves undone in dist: files that are no TypeScript, addresses of entry files, and the files that a
// guest's thread and a guest's process run.
import { cpSync, existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { publishedPackages } from './published-packages.ts';

const root = resolve(import.meta.dirname, '..');

/** `new URL('./worker-main.ts', import.meta.url)`: the compiler rewrites imports, and this is none. */
const entryAddress = /((?:new URL|import\.meta\.resolve)\(\s*(['"])\.[^'"]+)\.ts\2/g;

for (const folder of publishedPackages) {
  copyAssets(join(root, folder));
  for (const file of compiledFiles(join(root, folder, 'dist'))) pointAtCompiledEntries(file);
}
await bundleGuests(join(root, 'packages/runtime'));

/** The same bundles that a checkout makes for itself. */
async function bundleGuests(runtime: string): Promise<void> {
  const { bundleGuest }: { bundleGuest(source: string): Promise<{ readonly text: string }> } = await import(
    pathToFileURL(join(runtime, 'dist/isolation/remote/bundle-guest.js')).href
  );
  for (const entry of ['worker-main', 'process-main']) {
    const { text } = await bundleGuest(join(runtime, `src/guest/remote/${entry}.ts`));
    writeFileSync(join(runtime, `dist/guest/remote/${entry}.cjs`), text);
  }
}

function copyAssets(folder: string): void {
  const assets = globSync('src/**/*', { cwd: folder }).filter(
    (path) => !path.endsWith('.ts') && !path.includes('fixtures') && statSync(join(folder, path)).isFile(),
  );
  for (const asset of assets) cpSync(join(folder, asset), join(folder, asset.replace(/^src/, 'dist')));
}

function compiledFiles(dist: string): string[] {
  return existsSync(dist) ? globSync('**/*.js', { cwd: dist }).map((path) => join(dist, path)) : [];
}

function pointAtCompiledEntries(file: string): void {
  const text = readFileSync(file, 'utf8');
  const rewritten = text.replaceAll(entryAddress, '$1.js$2');
  if (rewritten !== text) writeFileSync(file, rewritten);
}
