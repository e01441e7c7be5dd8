import { expect, test } from 'vitest';

import { checkHouse } from '../../scripts/check-house.ts';
import { manifest, temporaryTree } from './temporary-tree.ts';

const documented = '/** One thing. */\nexport const one = 1;\n';
const sound = {
  'packages/sdk/package.json': manifest('@hotswap/sdk'),
  'packages/sdk/src/index.ts': "export { one } from './one.ts';\n",
  'packages/sdk/src/one.ts': documented,
};

test('accepts a documented package', () => {
  using tree = temporaryTree(sound);
  expect(checkHouse(tree.root)).toEqual([]);
});

// Written in parts, so that this file does not break the rule it tries.
const machinePath = ['', 'root', 'keys'].join('/');

test.each([
  ['a public name without a comment', 'packages/sdk/src/one.ts', 'export const one = 1;\n', /:1 one is public/],
  ['a file past the limit', 'packages/sdk/src/one.ts', `${documented}${'\n'.repeat(400)}`, /longer than 400 lines/],
  ['a name that says nothing', 'packages/sdk/src/utils.ts', '', /says what is inside/],
  ['a timeout that nobody owns', 'packages/sdk/src/a.ts', 'setTimeout(run, 1);', /:1 only a clock/],
  ['a TODO without an issue', 'packages/sdk/src/a.ts', '\n// TODO later', /:2 a TODO names its issue/],
  ['a cast that silences', 'packages/sdk/src/a.ts', 'const a = 1 as unknown as string;', /silences/],
  ['an index that hides its names', 'packages/sdk/src/a.ts', "export * from './one.ts';", /one by one/],
  ['a path of one machine', 'README.md', `Look in ${machinePath}.`, /README.md:1 a path of one machine/],
])('reports %s', (_what, file, text, problem) => {
  using tree = temporaryTree({ ...sound, [file]: text });
  expect(checkHouse(tree.root)).toEqual([expect.stringMatching(problem)]);
});

test('reports a folder that holds too much', () => {
  const many = Array.from({ length: 13 }, (_, number) => [`packages/sdk/src/many/part-${number}.ts`, '']);
  using tree = temporaryTree({ ...sound, ...Object.fromEntries(many) });
  expect(checkHouse(tree.root)).toEqual([expect.stringMatching(/many:1 holds 13 files/)]);
});

test('lets tests sleep where sources may not', () => {
  using tree = temporaryTree({
    ...sound,
    'packages/sdk/src/a.test.ts': 'setTimeout(run, 1); value as unknown as string;',
  });
  expect(checkHouse(tree.root)).toEqual([]);
});
