// The rules of the house that a program can check: sizes, names, comments, and words that have no place here.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import { isTest, readPackages, readSources } from './source-files.ts';
import type { SourceFile } from './source-files.ts';
import { undocumentedNames } from './undocumented-names.ts';

interface LineRule {
  readonly pattern: RegExp;
  readonly message: string;
  /** Files that may. */
  readonly except?: RegExp;
}

const longestFile = 400;
const longestTestFile = 600;
const largestFolder = 12;

/** One file per verb of the command line, however many there are. */
const catalogFolder = /\/commands\/|^scripts\//;

/** Names that say nothing about what is inside. */
const emptyName = /^(utils?|helpers?|common|misc|shared|types|[a-z-]*manager)\.ts$/;

/** Clocks, deadlines, and the timers that plugin code is handed. */
const timeOwners = /(clock|timer|deadline|time-limit|watch|probe|scoped-globals)[^/]*\.ts$|^scripts\//;

/** Checked line by line in every TypeScript file we write. */
const codeRules: readonly LineRule[] = [
  {
    pattern: /\b(TODO|FIXME|XXX)\b(?!\(#\d+\))/,
    message: 'a TODO names its issue: TODO(#12)',
    except: /^scripts\/check-house/,
  },
  {
    pattern: /(?<![.\w])set(Timeout|Interval)\(/,
    message: 'only a clock or a timer sets a timeout',
    except: timeOwners,
  },
  { pattern: /\bas unknown as\b|@ts-(ignore|nocheck)/, message: 'a cast or comment that silences the compiler' },
  { pattern: /^export \*/, message: 'an index lists its names one by one' },
];

/** Checked line by line in every text file that is committed. */
const textRules: readonly LineRule[] = [
  {
    pattern: /(?<![\w.$}~-])\/(work|root|home\/\w+)\/\w/,
    message: 'a path of one machine',
    except: /^scripts\/check-house/,
  },
  { pattern: /^(<{7}|>{7}) /, message: 'a merge conflict' },
];

export function checkHouse(root: string): string[] {
  const files = readSources(root);
  return [
    ...files.flatMap(sizeAndName),
    ...files
      .filter(({ path }) => !isTest(path) && !path.startsWith('bench/'))
      .flatMap(({ path, text }) => brokenLines(path, text, codeRules)),
    ...crowdedFolders(files),
    ...undocumentedNames(files, readPackages(root)),
    ...committedText(root).flatMap((path) => brokenLines(path, readFileSync(join(root, path), 'utf8'), textRules)),
  ];
}

function sizeAndName({ path, text }: SourceFile): string[] {
  const lines = text.split('\n').length - 1;
  const limit = isTest(path) ? longestTestFile : longestFile;
  return [
    ...(lines > limit ? [`${path}:${lines} is longer than ${limit} lines: split it along a noun or a step`] : []),
    ...(emptyName.test(basename(path)) ? [`${path}:1 a file name says what is inside`] : []),
  ];
}

function brokenLines(path: string, text: string, rules: readonly LineRule[]): string[] {
  const rulesHere = rules.filter(({ except }) => except?.test(path) !== true);
  return text
    .split('\n')
    .flatMap((line, index) =>
      rulesHere.filter(({ pattern }) => pattern.test(line)).map(({ message }) => `${path}:${index + 1} ${message}`),
    );
}

function crowdedFolders(files: readonly SourceFile[]): string[] {
  const folders = Map.groupBy(
    files.filter(({ path }) => !isTest(path)),
    ({ path }) => dirname(path),
  );
  return [...folders]
    .filter(([folder, inside]) => inside.length > largestFolder && !catalogFolder.test(`${folder}/`))
    .map(([folder, inside]) => `${folder}:1 holds ${inside.length} files, more than ${largestFolder}`);
}

function committedText(root: string): string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  return listed
    .split('\n')
    .filter(
      (path) => /\.(ts|js|cjs|mjs|json|md|toml|ya?ml|sh|html|css)$|^\.ci\//.test(path) && existsSync(join(root, path)),
    );
}

if (import.meta.main) {
  const problems = checkHouse(resolve(import.meta.dirname, '..'));
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
