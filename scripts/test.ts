// `npm test`: the tests of the packages, then those that start servers. In continuous integration the first half is
// counted too: what it reaches must be enough, and what counting would disturb is run once more without it.
// Arguments go to vitest. TEST_REPORTS names a folder for its JSON reports.
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const args = process.argv.slice(2);
const { CI, TEST_REPORTS: reports } = process.env;

/** Files with tests that leave themselves out while coverage is counted: it keeps every function that ever ran. */
const disturbedByCounting = [
  'packages/runtime/test/leaks.test.ts',
  'packages/runtime/test/memory.test.ts',
  'packages/runtime/test/websocket-memory.test.ts',
  'packages/runtime/src/guest/compile.test.ts',
];

const reporting = (name: string): readonly string[] =>
  reports === undefined
    ? []
    : ['--reporter=default', '--reporter=json', `--outputFile.json=${join(reports, `${name}.json`)}`];

function run(...command: readonly string[]): boolean {
  return spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' }).status === 0;
}

function vitest(name: string, ...given: readonly string[]): boolean {
  return run(join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...given, ...reporting(name), ...args);
}

const passed =
  CI === 'true' && args.length === 0
    ? [
        run(join(root, 'scripts/coverage.ts'), ...reporting('unit')),
        vitest('uncounted', '--project', 'unit', ...disturbedByCounting),
        vitest('system', '--project', 'system'),
      ]
    : [vitest('test', '--project', 'unit', '--project', 'system')];
if (!passed.every(Boolean)) process.exitCode = 1;
