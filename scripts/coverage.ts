// Runs the tests of the packages, counts what they reach, with the processes and threads they start, and prints it for
// each package. Fails when a test fails or a package is below the goal. Arguments go to vitest; --json prints data.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { coverageByPackage, coverageGoal, formatCoverage } from './coverage-by-package.ts';
import type { CoverageSummary } from './coverage-by-package.ts';

const root = resolve(import.meta.dirname, '..');
const isJson = process.argv.includes('--json');
const vitest = resolve(root, 'node_modules/vitest/vitest.mjs');
const passedOn = process.argv.slice(2).filter((argument) => argument !== '--json');

const stderr = 2;
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', '--project', 'unit', '--coverage', '--experimental.viteModuleRunner=false', ...passedOn],
  { cwd: root, stdio: ['ignore', isJson ? stderr : 'inherit', 'inherit'] },
);
if (status === 0) judge();
else {
  console.error('coverage: the tests failed, nothing was counted');
  process.exitCode = 1;
}

function judge(): void {
  const summary = readFileSync(resolve(root, 'coverage/coverage-summary.json'), 'utf8');
  const packages = coverageByPackage(JSON.parse(summary) as CoverageSummary, root);
  console.log(isJson ? JSON.stringify({ goal: coverageGoal, packages }) : `\n${formatCoverage(packages)}`);
  if (!packages.every(({ isEnough }) => isEnough)) process.exitCode = 1;
}
