import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseRuntimeConfig } from '@hotswap/runtime';
import { manifestSchema } from '@hotswap/protocol';
import { describe, expect, test } from 'vitest';
import { readPages, repository } from './doc-pages.ts';

const pages = readPages();
const configExamples = pages.flatMap(({ path, blocks }) =>
  blocks.filter(({ language }) => language === 'toml').map(({ text, line }) => ({ where: `${path}:${line}`, text })),
);
const pageText = (path: string): string => pages.find((page) => page.path === path)?.text ?? '';
const source = (path: string): string => readFileSync(join(repository, path), 'utf8');
const parse = (text: string) => parseRuntimeConfig(text, { format: 'toml', file: 'hotswap.toml', cwd: repository });

describe('the page about configuration', () => {
  const [defaults = ''] = pages
    .filter(({ path }) => path === 'docs/reference/config.md')
    .flatMap(({ blocks }) => blocks.filter(({ file }) => file === 'defaults.toml').map(({ text }) => text));

  test('shows the defaults that hold', () => {
    expect(parse(defaults).config).toEqual(parse('').config);
  });

  test.each(['server-config.ts', 'plugins-config.ts', 'plugin-entry.ts'])('names every key that %s reads', (file) => {
    const code = source(`packages/runtime/src/config/${file}`);
    const keys = [...code.matchAll(/(?:section|values)\.(?:read|section)\('(\w+)'/g)].map(([, key = '']) => key);
    expect(keys.length).toBeGreaterThan(3);
    const page = pageText('docs/reference/config.md');
    expect(keys.filter((key) => !new RegExp(String.raw`\b${key}\b`).test(page))).toEqual([]);
  });
});

test.each(configExamples)('the config in $where is one', ({ text }) => {
  expect(() => parse(text)).not.toThrow();
});

test('the page about HTTP has every endpoint', () => {
  const page = pageText('docs/reference/http.md');
  const code = source('packages/runtime/src/management/routes.ts');
  const paths = [...code.matchAll(/^ {2}'(\/[\w/]+)':/gm)].map(([, path = '']) => path);
  const verbs = [...(/const verbs[^[]*\[\] = \[([^\]]*)\]/.exec(code)?.[1] ?? '').matchAll(/'(\w+)'/g)];
  const wanted = [...paths, ...verbs.map(([, verb]) => `/plugins/{name}/${verb}`)];
  expect(wanted.length).toBeGreaterThan(15);
  expect(wanted.filter((path) => !page.includes(path))).toEqual([]);
});

test('the page about the manifest has every field', () => {
  const page = pageText('docs/reference/manifest.md');
  const fields = namesIn(manifestSchema['properties']).filter((name) => name !== 'properties');
  expect(fields.length).toBeGreaterThan(25);
  expect(fields.filter((field) => !page.includes(field))).toEqual([]);
});

/** Names of the properties of a schema and of the schemas in it. */
function namesIn(properties: unknown): string[] {
  if (typeof properties !== 'object' || properties === null) return [];
  return Object.entries(properties).flatMap(([name, schema]: [string, unknown]) => [
    name,
    ...(typeof schema === 'object' && schema !== null && 'properties' in schema ? namesIn(schema.properties) : []),
  ]);
}
