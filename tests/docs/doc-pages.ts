// The documents as the tests see them: their links, and their code blocks laid out as files.
import { globSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** What the tests do with a block: ask the program for `/hello/ada`, wait for its end, or run the commands. */
type Fate = 'serves' | 'ends' | 'runs';

/** A code block: `ts host.ts serves` after the fence gives language, file and fate. */
export interface CodeBlock {
  readonly language: string;
  /** Relative to the page's folder; blocks without a name get one. */
  readonly file: string;
  readonly fate: Fate | undefined;
  readonly line: number;
  readonly text: string;
}

export interface Page {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly CodeBlock[];
}

export const repository = resolve(import.meta.dirname, '../..');

const documents = [
  '*.md',
  'docs/**/*.md',
  'bench/*.md',
  '{packages,hosts,plugins,examples}/*/*.md',
  'examples/*.md',
  'examples/plugins/*/*.md',
];

/** Every document that people read, with its code blocks. */
export function readPages(): readonly Page[] {
  return globSync(documents, { cwd: repository })
    .toSorted()
    .map((path) => {
      const text = readFileSync(join(repository, path), 'utf8');
      return { path, text, blocks: blocksIn(text) };
    });
}

export function blocksIn(text: string): readonly CodeBlock[] {
  return [...text.matchAll(/^```(\w+)(?: (\S+))?(?: (serves|ends|runs))?\n(.*?)^```$/gms)].map((match, index) => {
    const [, language = '', file = `block-${index + 1}.${language}`, word, code = ''] = match;
    const fate = word === 'serves' || word === 'ends' || word === 'runs' ? word : undefined;
    const line = text.slice(0, match.index).split('\n').length;
    return { language, file, fate, line, text: code };
  });
}

/** Targets of the links and pictures in a page, without those to other machines. */
export function linksIn(text: string): readonly string[] {
  const prose = text.replaceAll(/^```.*?^```$/gms, '').replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** The anchors that headings of a page have, and those that are written out. */
export function anchorsIn(text: string): ReadonlySet<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  const written = [...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id);
  return new Set([...headings, ...written]);
}

/** A folder for pages' files. It lies in the repository, where the packages are found; the caller removes it. */
export function makeFolder(): Promise<string> {
  return mkdtemp(join(repository, 'tests/docs/.pages-'));
}

/** Writes the blocks of one page that are files. @returns the page's own folder */
export async function layOut(page: Page, folder: string): Promise<string> {
  const own = join(folder, page.path.replaceAll(/[^\w-]/g, '-'));
  await mkdir(own, { recursive: true });
  await writeFile(join(own, 'package.json'), '{ "type": "module" }\n');
  for (const { language, file, text } of page.blocks) {
    if (!['ts', 'json', 'toml'].includes(language)) continue;
    await mkdir(dirname(join(own, file)), { recursive: true });
    await writeFile(join(own, file), text);
  }
  return own;
}
