// Who may import whom: the drawing in ARCHITECTURE.md as one table, checked against every import, types included.
import { resolve } from 'node:path';

import { isTest, readPackages, readSources, resolveRelative } from './source-files.ts';
import type { Import, SourceFile, WorkspacePackage } from './source-files.ts';

/** Arrows point at what is imported. A package that is not in this table may not be there. */
export const allowed: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  sdk: ['protocol'],
  'sdk/testing': ['protocol', 'sdk', 'runtime'], // the optional peer: a plugin's tests run a real runtime
  sandbox: [],
  runtime: ['protocol', 'sdk', 'sandbox'],
  polyglot: ['protocol', 'runtime', 'sandbox'],
  server: ['protocol', 'sdk', 'sandbox', 'runtime', 'polyglot'],
  cli: ['protocol', 'sdk', 'sandbox', 'runtime', 'polyglot', 'server'],
  hosts: ['protocol', 'sdk', 'runtime', 'polyglot', 'server'],
  plugins: ['sdk'],
  'test-kit': ['protocol', 'sdk', 'sdk/testing', 'sandbox', 'runtime', 'polyglot', 'server', 'cli', 'hosts', 'plugins'],
  examples: ['protocol', 'sdk', 'sdk/testing', 'sandbox', 'runtime', 'polyglot', 'server', 'cli', 'hosts', 'plugins'],
  bench: [
    'protocol',
    'sdk',
    'sdk/testing',
    'sandbox',
    'runtime',
    'polyglot',
    'server',
    'cli',
    'hosts',
    'plugins',
    'test-kit',
  ],
  tests: [
    'protocol',
    'sdk',
    'sdk/testing',
    'sandbox',
    'runtime',
    'polyglot',
    'server',
    'cli',
    'hosts',
    'plugins',
    'test-kit',
    'scripts',
    'bench',
  ],
  scripts: ['protocol', 'sdk', 'sandbox', 'runtime', 'polyglot', 'server', 'cli', 'hosts'],
};

/** What a package's own tests may import besides. */
const allowedInTests = ['test-kit', 'sdk', 'sdk/testing', 'protocol'];

/** Folders of the runtime, top to bottom. A file imports its own row and the rows below. */
const runtimeLayers: readonly (readonly string[])[] = [
  ['index.ts', 'create-runtime.ts'],
  ['swap', 'recovery', 'diagnosis', 'config', 'http', 'management'],
  ['plugin', 'state'],
  ['loading', 'verification', 'isolation', 'routing', 'host-services', 'resources', 'guest'],
  ['channel'],
];

export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

export function checkBoundaries(root: string): Violation[] {
  const files = readSources(root);
  const packages = readPackages(root);
  return [...files.flatMap((file) => importViolations(file, packages)), ...cycles(files)];
}

function importViolations(file: SourceFile, packages: readonly WorkspacePackage[]): Violation[] {
  return file.imports.flatMap((found) => {
    const message = found.specifier.startsWith('.')
      ? relativeProblem(file, found)
      : packageProblem(file, found, packages);
    return message === undefined ? [] : [{ file: file.path, line: found.line, message }];
  });
}

function relativeProblem(file: SourceFile, { specifier }: Import): string | undefined {
  const target = resolveRelative(file.path, specifier);
  const [from, to] = [folderOf(file.path), folderOf(target)];
  if (from !== to && !isArrowAllowed(file.path, unitOf(target))) return `${from} reaches into ${to}: ${specifier}`;
  if (from !== to && /\/src\//.test(target)) return `imports the inside of ${to}; import its package name`;
  return layerProblem(file.path, target);
}

function packageProblem(
  file: SourceFile,
  { specifier }: Import,
  packages: readonly WorkspacePackage[],
): string | undefined {
  const target = packages.find(({ name }) => specifier === name || specifier.startsWith(`${name}/`));
  if (target === undefined) return specifier.startsWith('@hotswap/') ? `no such package: ${specifier}` : undefined;
  const entry = target.entries.get(`.${specifier.slice(target.name.length)}`);
  if (entry === undefined) return `${specifier} is not in the exports of ${target.name}`;
  if (target.folder === folderOf(file.path))
    return file.path.includes('/test/') ? undefined : `imports its own package by name: ${specifier}`;
  return isArrowAllowed(file.path, unitOf(entry)) ? undefined : `${unitOf(file.path)} may not import ${specifier}`;
}

function isArrowAllowed(from: string, to: string): boolean {
  return (allowed[unitOf(from)] ?? []).includes(to) || (isTest(from) && allowedInTests.includes(to));
}

/** The row of the table a file belongs to: a package's folder name, or the group of folders it is one of. */
function unitOf(path: string): string {
  const [group = '', name = '', , folder] = path.split('/');
  if (group !== 'packages') return group;
  return name === 'sdk' && folder === 'testing' ? 'sdk/testing' : name;
}

function folderOf(path: string): string {
  const [group = '', name = ''] = path.split('/');
  return ['packages', 'hosts', 'plugins'].includes(group) ? `${group}/${name}` : group;
}

function layerProblem(from: string, to: string): string | undefined {
  if (isTest(from)) return undefined;
  const [upper, lower] = [layerOf(from), layerOf(to)];
  return upper !== undefined && lower !== undefined && lower < upper ? `points upward, at ${to}` : undefined;
}

/** Files at the root of the runtime that no row names (errors, status, the verbs) are words that every layer may use. */
function layerOf(path: string): number | undefined {
  const inside = /^packages\/runtime\/src\/([^/]+)/.exec(path)?.[1];
  const row = runtimeLayers.findIndex((layer) => inside !== undefined && layer.includes(inside));
  return row === -1 ? undefined : row;
}

/** Circles of imports between files, each reported once. */
function cycles(files: readonly SourceFile[]): Violation[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const found: Violation[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      const circle = [...trail.slice(trail.indexOf(path)), path];
      found.push({ file: path, line: 1, message: `imports itself in a circle: ${circle.join(' -> ')}` });
    }
    if (done.has(path)) return;
    done.add(path);
    for (const { specifier } of byPath.get(path)?.imports ?? []) {
      if (specifier.startsWith('.')) visit(resolveRelative(path, specifier), [...trail, path]);
    }
  };
  for (const { path } of files) visit(path, []);
  return found;
}

if (import.meta.main) {
  const violations = checkBoundaries(resolve(import.meta.dirname, '..'));
  for (const { file, line, message } of violations) console.error(`${file}:${line} ${message}`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}
