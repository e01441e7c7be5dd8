import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

test('tests import workspace packages from their sources', () => {
  expect(import.meta.resolve('@hotswap/protocol')).toMatch(/packages\/protocol\/src\/index\.ts$/);
});

test('a process started from a test sees the sources too', () => {
  const program = "process.stdout.write(import.meta.resolve('@hotswap/sdk'))";
  const flags = [...process.execArgv, '--input-type=module', '--eval', program];
  const resolved = execFileSync(process.execPath, flags, { cwd: root, encoding: 'utf8' });
  expect(resolved).toMatch(/packages\/sdk\/src\/index\.ts$/);
});

test('tests can ask for the garbage collector', () => {
  expect(globalThis.gc).toBeTypeOf('function');
});
