import { expect, test } from 'vitest';

import { errorReference } from '../../scripts/write-reference.ts';

test('lists every code under the package that raises it, in order', () => {
  const page = errorReference([
    { code: 'Z_LAST', kind: 'limit', message: 'over {limit}', file: 'packages/a/src/errors.ts' },
    { code: 'A_FIRST', kind: 'invalid', message: 'one | two <tag>', file: 'packages/a/src/errors.ts' },
  ]);
  expect(page).toContain('| `limit` | 429 | 6 |');
  expect(page).toContain('\n## packages/a\n');
  expect(page.indexOf('A_FIRST')).toBeLessThan(page.indexOf('Z_LAST'));
  expect(page).toContain(String.raw`| <a id="A_FIRST"></a>${'`A_FIRST`'} | invalid | one \| two &lt;tag> |`);
});
