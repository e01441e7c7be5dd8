import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { errorKinds } from '@hotswap/protocol';
import { expect, test } from 'vitest';

import { readErrorCatalogs } from '../../scripts/error-catalogs.ts';
import { readSources } from '../../scripts/source-files.ts';

const root = resolve(import.meta.dirname, '../..');
const sources = readSources(root);
const catalog = readErrorCatalogs(sources);

test('reads a catalog whatever way its messages are written', () => {
  const text = `defineErrors({
    A_PLAIN: { kind: 'invalid', message: 'plain' },
    A_JOINED: { kind: 'conflict', message: 'one ' + 'two' },
    A_TEMPLATE: { kind: 'limit', message: \`three\` },
    other: { kind: 'x' },
  });`;
  const read = readErrorCatalogs([{ path: 'packages/a/src/errors.ts', text, imports: [] }]);
  expect(read.map(({ code, kind, message }) => [code, kind, message])).toEqual([
    ['A_PLAIN', 'invalid', 'plain'],
    ['A_JOINED', 'conflict', 'one two'],
    ['A_TEMPLATE', 'limit', 'three'],
  ]);
});

test('every code has a kind that exists and belongs to one package', () => {
  expect(catalog.filter(({ kind }) => !(kind in errorKinds))).toEqual([]);
  const packageOf = (file: string): string => file.split('/').slice(0, 2).join('/');
  const owners = Map.groupBy(catalog, ({ code }) => code);
  const shared = [...owners].filter(([, lines]) => new Set(lines.map(({ file }) => packageOf(file))).size > 1);
  expect(shared.map(([code, lines]) => `${code}: ${lines.map(({ file }) => file).join(', ')}`)).toEqual([]);
});

test('no code stands in the catalogs twice', () => {
  const lines = Map.groupBy(catalog, ({ code }) => code);
  expect([...lines].filter(([, same]) => same.length > 1).map(([code]) => code)).toEqual([]);
});

test('every code is raised by at least one test', () => {
  const tests = sources
    .filter(({ path }) => path.endsWith('.test.ts') || path.startsWith('packages/test-kit/'))
    .map(({ text }) => text)
    .join('\n');
  const untested = catalog.filter(({ code }) => !new RegExp(`(?<![A-Z_])${code}\\b`).test(tests));
  expect(untested.map(({ code, file }) => `${code} (${file})`)).toEqual([]);
});

test('every code has its place in the error reference', () => {
  const page = readFileSync(join(root, 'docs/reference/errors.md'), 'utf8');
  const missing = catalog.filter(({ code }) => !page.includes(`<a id="${code}"></a>`));
  expect(missing.map(({ code, file }) => `${code} (${file})`)).toEqual([]);
});
