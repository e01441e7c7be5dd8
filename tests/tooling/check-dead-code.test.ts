import { expect, test } from 'vitest';

import { checkDeadCode } from '../../scripts/check-dead-code.ts';
import { manifest, temporaryTree } from './temporary-tree.ts';

const sound = {
  'packages/sdk/package.json': manifest('@hotswap/sdk', ['semver']),
  'packages/sdk/src/index.ts': "import 'semver';\nexport { one } from './one.ts';\n",
  'packages/sdk/src/one.ts': 'export const one = 1;\nexport interface Shape { readonly one: number }\n',
};

test('accepts what is imported or public', () => {
  using tree = temporaryTree(sound);
  expect(checkDeadCode(tree.root)).toEqual([]);
});

test.each([
  [
    'an export nobody imports',
    'packages/sdk/src/one.ts',
    'export const one = 1;\nexport const two = 2;\n',
    'nobody imports two',
  ],
  ['a file nobody reaches', 'packages/sdk/src/lost.ts', 'export const lost = 1;\n', 'no file imports it'],
  [
    'a dependency nobody uses',
    'packages/sdk/package.json',
    manifest('@hotswap/sdk', ['semver', 'ajv']),
    'nobody imports ajv',
  ],
  [
    'an import nobody declared',
    'packages/sdk/package.json',
    manifest('@hotswap/sdk'),
    'semver is imported and not declared',
  ],
])('reports %s', (_what, file, text, problem) => {
  using tree = temporaryTree({ ...sound, [file]: text });
  expect(checkDeadCode(tree.root)).toEqual([`${file}: ${problem}`]);
});
