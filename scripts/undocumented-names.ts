import { parseSync } from 'vite';

import { resolveRelative } from './source-files.ts';
import type { SourceFile, WorkspacePackage } from './source-files.ts';

/** Names that a published package exports without a doc comment where they are declared. */
export function undocumentedNames(files: readonly SourceFile[], packages: readonly WorkspacePackage[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const published = packages.filter(({ folder }) => folder.startsWith('packages/') && folder !== 'packages/test-kit');
  const entries = published.flatMap(({ entries: found }) => [...found.values()]).filter((path) => path.endsWith('.ts'));
  const missing = entries.flatMap((entry) =>
    (byPath.get(entry)?.imports ?? [])
      .filter(({ specifier }) => specifier.startsWith('.'))
      .flatMap(({ specifier, names }) =>
        names.flatMap((name) => undocumentedName(byPath, resolveRelative(entry, specifier), name)),
      ),
  );
  return [...new Set(missing)];
}

function undocumentedName(byPath: ReadonlyMap<string, SourceFile>, path: string, name: string): string[] {
  const file = byPath.get(path);
  if (file === undefined) return [];
  const passedOn = file.imports.find(({ specifier, names }) => specifier.startsWith('.') && names.includes(name));
  const declaredAt = declarationOf(file, name);
  if (declaredAt === undefined)
    return passedOn === undefined ? [] : undocumentedName(byPath, resolveRelative(path, passedOn.specifier), name);
  if (/\*\/\s*$/.test(file.text.slice(0, declaredAt))) return [];
  return [`${path}:${file.text.slice(0, declaredAt).split('\n').length} ${name} is public and has no doc comment`];
}

function declarationOf({ path, text }: SourceFile, name: string): number | undefined {
  const exported = parseSync(path, text).module.staticExports.find(({ entries }) =>
    entries.some(({ exportName, moduleRequest }) => exportName.name === name && moduleRequest === null),
  );
  if (
    exported === undefined ||
    text.startsWith('export {', exported.start) ||
    text.startsWith('export type {', exported.start)
  )
    return undefined;
  return exported.start;
}
