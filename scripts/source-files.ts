import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path/posix';

import { parseSync } from 'vite';

/** One import, re-export or dynamic import, as written. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** The names taken; `*` when all of them may be. */
  readonly names: readonly string[];
}

export interface SourceFile {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

type Parsed = ReturnType<typeof parseSync>;

const patterns = ['{packages,hosts,plugins,examples,tests,bench,scripts}/**/*.ts', '*.config.ts'];
const notOurs = /(^|\/)(node_modules|dist|generated|coverage)\/|\/fixtures\/|\.d\.ts$/;

/** Every TypeScript file we write by hand, with what it imports; types included. */
export function readSources(root: string): SourceFile[] {
  const paths = globSync(patterns, { cwd: root, exclude: (name) => name === 'node_modules' || name === 'dist' });
  return paths
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !notOurs.test(path))
    .toSorted()
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8');
      return { path, text, imports: importsOf(path, text) };
    });
}

export function importsOf(path: string, text: string): Import[] {
  const parsed: Parsed = parseSync(path, text);
  const lineAt = (offset: number): number => text.slice(0, offset).split('\n').length;
  return [...staticImports(parsed), ...reExports(parsed), ...dynamicImports(parsed, text), ...workerEntries(text)].map(
    ({ start, ...found }) => ({ ...found, line: lineAt(start) }),
  );
}

type Found = Omit<Import, 'line'> & { readonly start: number };

function staticImports({ module }: Parsed): Found[] {
  return module.staticImports.map(({ moduleRequest, entries, start }) => ({
    specifier: moduleRequest.value,
    names: entries.map(({ importName }) =>
      importName.kind === 'NamespaceObject' ? '*' : (importName.name ?? 'default'),
    ),
    start,
  }));
}

function reExports({ module }: Parsed): Found[] {
  return module.staticExports.flatMap(({ entries, start }) =>
    entries.flatMap(({ moduleRequest, importName }) =>
      moduleRequest === null ? [] : [{ specifier: moduleRequest.value, names: [importName.name ?? '*'], start }],
    ),
  );
}

function dynamicImports({ module }: Parsed, text: string): Found[] {
  return module.dynamicImports.flatMap(({ moduleRequest, start }) => {
    const literal = /^(['"])(.+)\1$/.exec(text.slice(moduleRequest.start, moduleRequest.end));
    return literal?.[2] === undefined ? [] : [{ specifier: literal[2], names: ['*'], start }];
  });
}

/** `new URL('./worker-main.ts', import.meta.url)` and `import.meta.resolve('./x.ts')` name a file as an import does. */
function workerEntries(text: string): Found[] {
  const pattern = /(?:new URL|import\.meta\.resolve)\(\s*'(\.[^']+\.ts)'/g;
  return [...text.matchAll(pattern)].map((match) => ({ specifier: match[1] ?? '', names: ['*'], start: match.index }));
}

/** The file a relative import names, relative to the repository. */
export function resolveRelative(from: string, specifier: string): string {
  return normalize(join(dirname(from), specifier));
}

export function isTest(path: string): boolean {
  return /\.test\.ts$|\/test\/|^tests\/|^packages\/test-kit\//.test(path);
}

/** A workspace package as its manifest describes it. */
export interface WorkspacePackage {
  readonly folder: string;
  readonly name: string;
  /** Subpath (`.`, `./testing`) to the source file behind it, relative to the repository. */
  readonly entries: ReadonlyMap<string, string>;
  readonly dependencies: readonly string[];
  readonly developmentDependencies: readonly string[];
}

interface Manifest {
  readonly name: string;
  readonly main?: string;
  readonly exports?: Record<string, string | Record<string, string>>;
  readonly dependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
}

export function readPackages(root: string): WorkspacePackage[] {
  const manifests = globSync(['package.json', '{packages,hosts,plugins,examples}/**/package.json'], {
    cwd: root,
    exclude: ['**/node_modules'],
  });
  return manifests
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !notOurs.test(path) && existsSync(join(root, path)))
    .map((path) => describePackage(dirname(path), JSON.parse(readFileSync(join(root, path), 'utf8')) as Manifest));
}

function describePackage(folder: string, manifest: Manifest): WorkspacePackage {
  const subpaths = Object.entries(manifest.exports ?? (manifest.main === undefined ? {} : { '.': manifest.main }));
  const sources = subpaths.map(([subpath, target]): [string, string] => [
    subpath,
    normalize(
      join(folder, typeof target === 'string' ? target : (target['@hotswap/source'] ?? target['default'] ?? '')),
    ),
  ]);
  return {
    folder,
    name: manifest.name,
    entries: new Map(sources),
    dependencies: Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }),
    developmentDependencies: Object.keys(manifest.devDependencies ?? {}),
  };
}
