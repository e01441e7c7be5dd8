// Exports nobody imports, files nobody reaches, dependencies nobody uses, and imports nobody declared.
// Exported types are exempt: a type may be exported to give a name to a part of a signature.
import { builtinModules } from 'node:module';
import { resolve } from 'node:path';

import { parseSync } from 'vite';

import { isTest, readPackages, readSources, resolveRelative } from './source-files.ts';
import type { SourceFile, WorkspacePackage } from './source-files.ts';

/** Files that something other than an import starts. */
const startedFromOutside =
  /\.test\.ts$|(^|[/-])main\.ts$|\.config\.ts$|(^|\/)scripts\/|^(bench|examples|tests)\/|^plugins\/[^/]+\/src\/index\.ts$/;

/** Used by name on a command line, as types, or by another tool; not imported. */
const toolDependencies = /^(@types\/.+|typescript|node|oxfmt|oxlint|oxlint-tsgolint|@vitest\/coverage-v8|pino-pretty)$/;

/** Imported by the text of plugins that `tests/libraries` writes. */
const pluginDependencies = /^(lodash|date-fns|pg|ioredis|@node-rs\/crc32)$/;

export function checkDeadCode(root: string): string[] {
  const files = readSources(root);
  const packages = readPackages(root);
  return [...deadExports(files, packages), ...packages.flatMap((one) => dependencyProblems(one, files, packages))];
}

function deadExports(files: readonly SourceFile[], packages: readonly WorkspacePackage[]): string[] {
  const entries = new Set(packages.flatMap((one) => [...one.entries.values()]));
  const used = usedNames(files);
  return files
    .filter(({ path }) => !entries.has(path) && !startedFromOutside.test(path))
    .flatMap(({ path, text }) => {
      const names = used.get(path);
      if (names === undefined) return [`${path}: no file imports it`];
      if (names.has('*')) return [];
      return exportedValues(path, text)
        .filter((name) => !names.has(name))
        .map((name) => `${path}: nobody imports ${name}`);
    });
}

function usedNames(files: readonly SourceFile[]): Map<string, Set<string>> {
  const used = new Map<string, Set<string>>();
  for (const file of files) {
    for (const { specifier, names } of file.imports) {
      if (!specifier.startsWith('.')) continue;
      const target = resolveRelative(file.path, specifier);
      used.set(target, new Set([...(used.get(target) ?? []), ...names]));
    }
  }
  return used;
}

function exportedValues(path: string, text: string): string[] {
  return parseSync(path, text).module.staticExports.flatMap(({ entries }) =>
    entries.filter(({ isType }) => !isType).map(({ exportName }) => exportName.name ?? 'default'),
  );
}

function dependencyProblems(
  one: WorkspacePackage,
  files: readonly SourceFile[],
  packages: readonly WorkspacePackage[],
): string[] {
  const isRoot = one.folder === '.';
  const own = files.filter(({ path }) => isRoot || path.startsWith(`${one.folder}/`));
  const used = new Set(own.flatMap(packagesImported));
  const usedByCode = new Set(own.filter(({ path }) => !isTest(path)).flatMap(packagesImported));
  const ours = new Set(packages.map(({ name }) => name));
  const declared = new Set(one.dependencies);
  const missing = [...(isRoot ? [] : usedByCode)].filter((name) => !declared.has(name) && name !== one.name);
  const idle = [...declared, ...one.developmentDependencies].filter(
    (name) =>
      !used.has(name) &&
      !toolDependencies.test(name) &&
      !(isRoot && pluginDependencies.test(name)) &&
      !(ours.has(name) && one.folder === 'packages/test-kit'),
  );
  return [
    ...missing.map((name) => `${one.folder}/package.json: ${name} is imported and not declared`),
    ...idle.map((name) => `${one.folder}/package.json: nobody imports ${name}`),
  ];
}

function packagesImported({ imports }: SourceFile): string[] {
  return imports
    .map(({ specifier }) => specifier)
    .filter((specifier) => !/^(\.|#|node:|data:|file:)/.test(specifier) && !builtinModules.includes(specifier))
    .map((specifier) =>
      specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/'),
    );
}

if (import.meta.main) {
  const problems = checkDeadCode(resolve(import.meta.dirname, '..'));
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
