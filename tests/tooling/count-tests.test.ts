import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

import { expect, test } from 'vitest';

import { temporaryTree } from './temporary-tree.ts';

const script = resolve(import.meta.dirname, '../../scripts/count-tests.ts');

function report(numPassedTests: number, numFailedTests: number, testResults: readonly object[] = []): string {
  return JSON.stringify({ numPassedTests, numFailedTests, testResults });
}

function count(files: Readonly<Record<string, string>>): { readonly line: string; readonly exitCode: number | null } {
  using tree = temporaryTree(files);
  const { stdout, status } = spawnSync(process.execPath, [script, tree.root], { encoding: 'utf8' });
  return { line: stdout, exitCode: status };
}

test('adds up every report', () => {
  const counted = count({ 'a.json': report(3, 0), 'b.json': report(4, 0) });
  expect(counted).toEqual({ line: '7 passed, 0 failed\n', exitCode: 0 });
});

test('fails when a test failed', () => {
  expect(count({ 'a.json': report(3, 1) })).toEqual({ line: '3 passed, 1 failed\n', exitCode: 1 });
});

test('counts a file that could not be loaded as one failure', () => {
  const unloaded = { status: 'failed', assertionResults: [] };
  expect(count({ 'a.json': report(3, 0, [unloaded]) })).toEqual({ line: '3 passed, 1 failed\n', exitCode: 1 });
});

test('fails when nothing was reported', () => {
  expect(count({})).toEqual({ line: '0 passed, 0 failed\n', exitCode: 1 });
});
