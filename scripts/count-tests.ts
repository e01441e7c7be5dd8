// Adds up vitest's JSON reports in a folder and prints one line: "N passed, N failed". No report is a failure.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

const folder = process.argv[2] ?? '.';
const reports = globSync('*.json', { cwd: folder }).map(
  (name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Report,
);

/** A file that could not be loaded has no tests that failed, and counts as one. */
const brokenFiles = ({ testResults }: Report): number =>
  testResults.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0).length;

const sum = (count: (report: Report) => number): number => reports.reduce((total, report) => total + count(report), 0);
const failed = sum((report) => report.numFailedTests + brokenFiles(report));

console.log(`${sum(({ numPassedTests }) => numPassedTests)} passed, ${failed} failed`);
process.exitCode = failed === 0 && reports.length > 0 ? 0 : 1;
