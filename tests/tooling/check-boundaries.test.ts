import { expect, test } from 'vitest';

import { checkBoundaries } from '../../scripts/check-boundaries.ts';
import { manifest, temporaryTree } from './temporary-tree.ts';

const packages = {
  'packages/protocol/package.json': manifest('@hotswap/protocol'),
  'packages/protocol/src/index.ts': 'export const word = 1;\n',
  'packages/sdk/package.json': manifest('@hotswap/sdk'),
  'packages/sdk/src/index.ts': "export { word } from '@hotswap/protocol';\n",
  'packages/runtime/package.json': manifest('@hotswap/runtime'),
  'packages/runtime/src/index.ts': "export { word } from '@hotswap/sdk';\n",
};

const broken: readonly [rule: string, file: string, text: string, message: RegExp][] = [
  [
    'an arrow the table lacks',
    'packages/protocol/src/a.ts',
    "import '@hotswap/sdk';",
    /:1 protocol may not import @hotswap\/sdk/,
  ],
  [
    'a type through such an arrow',
    'packages/sdk/src/a.ts',
    "\nimport type { W } from '@hotswap/runtime';",
    /:2 sdk may not/,
  ],
  ['a late import through it', 'packages/sdk/src/a.ts', "await import('@hotswap/runtime');", /:1 sdk may not/],
  ['a plugin that wants more than the SDK', 'plugins/p/src/index.ts', "import '@hotswap/protocol';", /plugins may not/],
  [
    'the inside of another package',
    'packages/sdk/src/a.ts',
    "import '../../protocol/src/index.ts';",
    /the inside of packages\/protocol/,
  ],
  [
    'a subpath that is not exported',
    'packages/sdk/src/a.ts',
    "import '@hotswap/protocol/src/index.ts';",
    /not in the exports/,
  ],
  ['a package that is not there', 'packages/sdk/src/a.ts', "import '@hotswap/nothing';", /no such package/],
  [
    'a package that is not in the table',
    'packages/extra/src/a.ts',
    "import '@hotswap/protocol';",
    /extra may not import/,
  ],
  ['an arrow that points upward', 'packages/runtime/src/routing/a.ts', "import '../plugin/b.ts';", /points upward/],
  ['a file that imports itself', 'packages/sdk/src/a.ts', "import './a.ts';", /in a circle/],
];

test.each(broken)('refuses %s', (_rule, file, text, message) => {
  using tree = temporaryTree({ ...packages, [file]: text });
  const violations = checkBoundaries(tree.root).map((one) => `${one.file}:${one.line} ${one.message}`);
  expect(violations).toEqual([expect.stringMatching(message)]);
  expect(violations[0]).toContain(file);
});

const sound: readonly [what: string, file: string, text: string][] = [
  ['the arrows of the drawing', 'packages/runtime/src/a.ts', "import '@hotswap/protocol';"],
  ['an arrow downward', 'packages/runtime/src/swap/a.ts', "import '../routing/b.ts';"],
  ['words every layer may use', 'packages/runtime/src/channel/a.ts', "import '../errors.ts';"],
  ['the test host, which runs a runtime', 'packages/sdk/src/testing/a.ts', "import '@hotswap/runtime';"],
  ['other people\u2019s packages', 'packages/sdk/src/a.ts', "import 'node:fs'; import 'semver';"],
];

test.each(sound)('accepts %s', (_what, file, text) => {
  using tree = temporaryTree({ ...packages, [file]: text });
  expect(checkBoundaries(tree.root)).toEqual([]);
});

test('names every file of a circle', () => {
  using tree = temporaryTree({
    'packages/sdk/src/a.ts': "import './b.ts';",
    'packages/sdk/src/b.ts': "import type { C } from './c.ts';",
    'packages/sdk/src/c.ts': "export { a } from './a.ts';",
  });
  const [violation] = checkBoundaries(tree.root);
  expect(violation?.message).toMatch(
    /a\.ts -> packages\/sdk\/src\/b\.ts -> packages\/sdk\/src\/c\.ts -> packages\/sdk\/src\/a\.ts/,
  );
});
