// Writes the generated regions of ARCHITECTURE.md: who imports whom, and the state tables. With --check it writes
// nothing and fails when a region is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { allowed } from './check-boundaries.ts';

type Moves = Readonly<Record<string, readonly string[]>>;

const page = 'ARCHITECTURE.md';

/** What is published or run; the rest of the boundary table is for tests and chores. */
const shown = ['cli', 'server', 'hosts', 'polyglot', 'runtime', 'sdk/testing', 'plugins', 'sdk', 'sandbox', 'protocol'];

const stateTables = [
  { region: 'generation-states', file: 'packages/runtime/src/plugin/lifecycle.ts', name: 'generationMoves' },
  { region: 'public-states', file: 'packages/runtime/src/plugin/public-state.ts', name: 'publicMoves' },
] as const;

/** The page with every region written anew. Fails when a region has no place in it. */
export async function architecturePage(root: string): Promise<string> {
  let text = readFileSync(join(root, page), 'utf8');
  text = withRegion(text, 'packages', packageDiagram(allowed));
  for (const { region, file, name } of stateTables) {
    const module: unknown = await import(pathToFileURL(join(root, file)).href);
    text = withRegion(text, region, stateTable(movesIn(module, name)));
  }
  return text;
}

/** A drawing of the arrows, without those that a longer way already tells. */
export function packageDiagram(arrows: Moves): string {
  const lines = shown.flatMap((from) =>
    withoutDetours(arrows, from)
      .filter((to) => shown.includes(to))
      .map((to) => `  ${nodeOf(from)} --> ${nodeOf(to)}`),
  );
  return ['```mermaid', 'flowchart TD', ...lines, '```'].join('\n');
}

/** The moves as a drawing and as a table. */
export function stateTable(moves: Moves): string {
  const states = Object.entries(moves);
  const arrows = states.flatMap(([from, targets]) => targets.map((to) => `  ${from} --> ${to}`));
  const ends = states.filter(([, targets]) => targets.length === 0).map(([state]) => `  ${state} --> [*]`);
  const rows = states.map(([from, targets]) => `| \`${from}\` | ${targets.map(code).join(', ') || 'nowhere'} |`);
  const first = states[0]?.[0] ?? '';
  const drawing = ['```mermaid', 'stateDiagram-v2', `  [*] --> ${first}`, ...arrows, ...ends, '```'];
  return [...drawing, '', '| From | To |', '| --- | --- |', ...rows].join('\n');
}

/** Puts `content` between the region's two marks. */
export function withRegion(text: string, region: string, content: string): string {
  const [begin, end] = [`<!-- generated: ${region} -->`, `<!-- end: ${region} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`${page} has no region ${begin} ... ${end}`);
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
}

function withoutDetours(arrows: Moves, from: string): readonly string[] {
  const direct = arrows[from] ?? [];
  return direct.filter((to) => !direct.some((via) => via !== to && reaches(arrows, via, to)));
}

function reaches(arrows: Moves, from: string, to: string): boolean {
  const next = arrows[from] ?? [];
  return next.includes(to) || next.some((via) => reaches(arrows, via, to));
}

function movesIn(module: unknown, name: string): Moves {
  const moves: unknown = typeof module === 'object' && module !== null ? Reflect.get(module, name) : undefined;
  if (isMoves(moves)) return moves;
  throw new Error(`${name} is no table of moves`);
}

function isMoves(value: unknown): value is Moves {
  return typeof value === 'object' && value !== null && Object.values(value).every((targets) => Array.isArray(targets));
}

function nodeOf(unit: string): string {
  return unit === 'sdk/testing' ? 'testing["sdk/testing"]' : unit;
}

function code(word: string): string {
  return `\`${word}\``;
}

if (import.meta.main) {
  const root = resolve(import.meta.dirname, '..');
  const wanted = await architecturePage(root);
  if (!process.argv.includes('--check')) writeFileSync(join(root, page), wanted);
  else if (readFileSync(join(root, page), 'utf8') !== wanted) {
    console.error(`${page}:1 is stale: npm run reference`);
    process.exitCode = 1;
  }
}
