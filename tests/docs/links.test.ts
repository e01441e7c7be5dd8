import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { anchorsIn, linksIn, readPages, repository } from './doc-pages.ts';
import type { Page } from './doc-pages.ts';

const pages = readPages();

test('every link leads to a file that is there, and to a heading in it', () => {
  expect(pages.flatMap(brokenLinks)).toEqual([]);
});

test('every page of docs/ is reached by a link', () => {
  const reached = new Set(pages.flatMap(({ path, text }) => linksIn(text).map((link) => targetOf(path, link).file)));
  const pagesOfDocs = pages.map(({ path }) => path).filter((path) => path.startsWith('docs/'));
  expect(pagesOfDocs.filter((path) => !reached.has(path))).toEqual([]);
});

test('a link to nothing is found, one inside a code block is none', () => {
  const text = '# A title, with signs!\n[a](gone.md) [b](#a-title-with-signs) [c](#gone)\n```md\n[d](x.md)\n```\n';
  expect(brokenLinks({ path: 'README.md', text, blocks: [] })).toEqual(['README.md: gone.md', 'README.md: #gone']);
});

function brokenLinks({ path, text }: Page): string[] {
  return linksIn(text)
    .filter((link) => !isThere(path, text, link))
    .map((link) => `${path}: ${link}`);
}

function isThere(path: string, text: string, link: string): boolean {
  const { file, anchor } = targetOf(path, link);
  if (!existsSync(join(repository, file))) return false;
  if (anchor === undefined) return true;
  return anchorsIn(file === path ? text : readFileSync(join(repository, file), 'utf8')).has(anchor);
}

function targetOf(path: string, link: string): { readonly file: string; readonly anchor: string | undefined } {
  const [file = '', anchor] = link.split('#');
  return { file: file === '' ? path : normalize(join(dirname(path), file)), anchor };
}
