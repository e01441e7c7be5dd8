// Writes docs/reference/errors.md from the catalogs. With --check it writes nothing and fails when the page is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { errorKinds } from '@hotswap/protocol';

import { readErrorCatalogs } from './error-catalogs.ts';
import type { CatalogLine } from './error-catalogs.ts';
import { readSources } from './source-files.ts';

const page = 'docs/reference/errors.md';

const introduction = `# Errors

Generated from the packages' catalogs by \`npm run reference\`; edit those.

Every error that crosses a boundary has a \`code\`, a \`kind\`, a message and details. Recognise one by its code. The kind
says who has to act, and decides the HTTP status and the exit code of the command line.

| Kind | HTTP | Exit code |
| --- | --- | --- |
`;

export function errorReference(catalog: readonly CatalogLine[]): string {
  const kinds = Object.entries(errorKinds).map(
    ([kind, { status, exitCode }]) => `| \`${kind}\` | ${status} | ${exitCode} |`,
  );
  const owners = Map.groupBy(catalog, ({ file }) => file.replace(/\/src\/.*/, ''));
  const sections = [...owners].map(([owner, lines]) => section(owner, lines));
  return `${introduction}${kinds.join('\n')}\n${sections.join('')}`;
}

function section(owner: string, lines: readonly CatalogLine[]): string {
  const rows = lines
    .toSorted((left, right) => left.code.localeCompare(right.code))
    .map(({ code, kind, message }) => `| <a id="${code}"></a>\`${code}\` | ${kind} | ${escapeCell(message)} |`);
  const files = [...new Set(lines.map(({ file }) => file))];
  const source = files.map((file) => (files.length === 1 ? file : `${dirname(file)}/`))[0] ?? '';
  return `\n## ${owner}\n\nFrom \`${source}\`.\n\n| Code | Kind | Message |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
}

function escapeCell(text: string): string {
  return text
    .replaceAll('|', String.raw`\|`)
    .replaceAll('<', '&lt;')
    .replaceAll(/\n+/g, ' ');
}

if (import.meta.main) {
  const root = resolve(import.meta.dirname, '..');
  const wanted = errorReference(readErrorCatalogs(readSources(root)));
  const path = join(root, page);
  if (!process.argv.includes('--check')) writeFileSync(path, wanted);
  else if (readFileSync(path, 'utf8') !== wanted) {
    console.error(`${page}:1 is stale: npm run reference`);
    process.exitCode = 1;
  }
}
