import { expect, test } from 'vitest';
import { rewriteModule, shiftSourceMap } from './rewrite-module.ts';

const imported: Readonly<Record<string, unknown>> = {
  'node:a': { default: 'A', one: 1, two: 2, 'odd name': 3 },
  'node:b': { default: 'B', three: 3 },
};

async function evaluate(code: string): Promise<Record<string, unknown>> {
  const { body } = rewriteModule(code);
  // oxlint-disable-next-line typescript/no-implied-eval -- what the rewriting is for
  const compiled = new Function('__hs_i', '__hs_meta__', `"use strict"; return (async function () {${body}\n}).call()`);
  return compiled(async (name: string) => imported[name], { url: 'file:///x.js' });
}

test.each([
  ['a named import', 'import { one, two as zwei } from "node:a"; export { one, zwei };', { one: 1, zwei: 2 }],
  ['a default import', 'import a from "node:a"; export { a };', { a: 'A' }],
  ['a namespace import', 'import * as a from "node:a"; const one = a.one; export { one };', { one: 1 }],
  ['default and named', 'import a, { one } from "node:a"; export { a, one };', { a: 'A', one: 1 }],
  ['default and namespace', 'import a, * as all from "node:a"; const x = [a, all.two]; export { x };', { x: ['A', 2] }],
  ['a side effect', 'import "node:a"; export const x = 1;', { x: 1 }],
  ['names that are strings', 'import { "odd name" as o } from "node:a"; export { o as "o d", };', { 'o d': 3 }],
  [
    'comments in a clause',
    'import /* { */ { one, // }\n } from /* from */ "node:a"; export { /* } */ one };',
    { one: 1 },
  ],
  ['no spaces at all', 'import{one as a}from"node:a";export{a};', { a: 1 }],
  ['export from', 'export { one, default as d } from "node:a";', { one: 1, d: 'A' }],
  ['export star', 'export * from "node:a"; export const one = 11;', { one: 11, two: 2, 'odd name': 3 }],
  ['export star as', 'export * as ns from "node:b";', { ns: imported['node:b'] }],
  ['a re-exported import', 'import { one } from "node:a"; export { one as uno };', { uno: 1 }],
  ['a default expression', 'export default [1, 2];', { default: [1, 2] }],
  ['a default that is a name', 'const x = 4; export default x', { default: 4 }],
  ['declarations', 'export const a = 1, { b, c: d } = { b: 2, c: 3 }; export let e = 5;', { a: 1, b: 2, d: 3, e: 5 }],
  ['import.meta', 'export const u = import.meta.url;', { u: 'file:///x.js' }],
  ['import()', 'export const x = (await import("node:b")).three;', { x: 3 }],
  [
    'a nested import()',
    'export const x = (await import((await import("node:a")).one === 1 ? "node:b" : "")).three;',
    { x: 3 },
  ],
  ['top-level await', 'export const x = await Promise.resolve(7);', { x: 7 }],
  ['a hashbang', '#!/usr/bin/env node\nexport const x = 1;', { x: 1 }],
  [
    'words that only look like modules',
    'export const x = "import { a } from \'b\'" + /export {}/.source;',
    {
      x: "import { a } from 'b'export {}",
    },
  ],
])('runs %s', async (_, code, expected) => {
  expect(await evaluate(code)).toEqual(expected);
});

test.each([
  'export default function () { return 5 }\n(0);',
  'export default function named() { return 5 }',
  'export default async function () { return 5 }',
  'export default class { call() {} static x = 5 }\n[0];',
  'export default class extends Object {}',
  'export default class Named {}',
  'export function default_() {}\nexport { default_ as default };',
  'export default () => 5;',
])('hands back the default of %s', async (code) => {
  expect((await evaluate(code))['default']).toBeTypeOf('function');
});

test('imports are there before any line of the module runs', async () => {
  expect(await evaluate('export const x = f(); function f() { return one; }\nimport { one } from "node:a";')).toEqual({
    x: 1,
  });
});

test('the module is strict and has no `this`', async () => {
  expect(await evaluate('export const x = this; export const s = (function () { return this; })();')).toEqual({
    x: undefined,
    s: undefined,
  });
});

test('lines and columns stay where they are, one line down', () => {
  const code =
    'import {\n  one,\n} from "node:a";\n/**/export default one; const u = import.meta, v = import("node:b"), w = 1;\nexport {\n  u };\nmark();';
  const lines = rewriteModule(code).body.split('\n');
  expect(lines[7]).toBe('mark();');
  expect(lines[4]?.indexOf('w = 1')).toBe(code.split('\n')[3]?.indexOf('w = 1'));
});

test('names what is still imported', () => {
  const { specifiers } = rewriteModule(
    'import "node:a"; import("node:b"); import("no" + "de"); export * from "node:a";',
  );
  expect(specifiers).toEqual(['node:a', 'node:b']);
});

test('refuses text that is no module it can run', () => {
  expect(() => rewriteModule('import source x from "node:a";')).toThrow(SyntaxError);
  expect(() => rewriteModule('export { ')).toThrow();
});

test('moves a source map down by one line, whatever text it carries', () => {
  const map = { sourcesContent: ['const s = \'"mappings": "\';'], names: ['mappings'], mappings: 'AAAA;AACA' };
  const shifted = JSON.parse(shiftSourceMap(JSON.stringify(map)));
  expect(shifted).toEqual({ ...map, mappings: ';AAAA;AACA' });
});
