import { expect, test } from 'vitest';

import { coverageByPackage, formatCoverage } from '../../scripts/coverage-by-package.ts';

function file(lines: readonly [number, number], branches: readonly [number, number]) {
  const reached = ([covered, total]: readonly [number, number]) => ({ covered, total });
  return { lines: reached(lines), branches: reached(branches) };
}

test('adds up the files of a package, wherever they lie in it', () => {
  const summary = {
    total: file([0, 1_000], [0, 1_000]),
    '/repository/packages/sdk/src/index.ts': file([10, 10], [1, 2]),
    '/repository/packages/sdk/src/testing/test-host.ts': file([80, 90], [9, 10]),
    '/repository/hosts/keyserver/src/main.ts': file([1, 1], [0, 0]),
  };
  expect(coverageByPackage(summary, '/repository')).toEqual([
    { package: 'hosts/keyserver', lines: 100, branches: 100, isEnough: true },
    { package: 'packages/sdk', lines: 90, branches: 83.3, isEnough: false },
  ]);
});

test('does not round up to the goal', () => {
  const [coverage] = coverageByPackage({ '/r/packages/a/x.ts': file([8_499, 10_000], [100, 100]) }, '/r');
  expect(coverage).toMatchObject({ lines: 84.9, isEnough: false });
});

test('shows which package is below the goal', () => {
  const text = formatCoverage([
    { package: 'packages/a', lines: 85, branches: 85, isEnough: true },
    { package: 'packages/b', lines: 100, branches: 84.9, isEnough: false },
  ]);
  expect(text.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    ['package', 'lines %', 'branches %', 'goal %', 'ok'],
    ['packages/a', '85.0', '85.0', '85', 'yes'],
    ['packages/b', '100.0', '84.9', '85', 'NO'],
  ]);
});
