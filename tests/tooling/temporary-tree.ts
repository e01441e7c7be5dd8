import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A small repository in a temporary folder: path to text. Gone when the variable that holds it is. */
export function temporaryTree(files: Readonly<Record<string, string>>): Disposable & { readonly root: string } {
  const root = mkdtempSync(join(tmpdir(), 'hotswap-tree-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  execFileSync('git', ['init', '--quiet'], { cwd: root });
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) };
}

/** The manifest of a package with one entry, as our packages write it. */
export function manifest(name: string, dependencies: readonly string[] = []): string {
  const exports = { '.': { '@hotswap/source': './src/index.ts', default: './dist/index.js' } };
  return JSON.stringify({ name, exports, dependencies: Object.fromEntries(dependencies.map((one) => [one, '1.0.0'])) });
}
