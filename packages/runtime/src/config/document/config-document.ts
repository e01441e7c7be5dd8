import { messageOf } from '@hotswap/protocol';
import { parse, TomlDate, TomlError } from 'smol-toml';
import { isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import { fail } from '../../errors.ts';
import { PositionIndex } from './position-index.ts';
import type { KeyPath, Position } from './position-index.ts';
import { tomlPositions } from './toml-positions.ts';

export type ConfigFormat = 'toml' | 'yaml' | 'json';

/** A config text as a plain value, and where in the text each part of it stands. */
export interface ConfigDocument {
  readonly value: unknown;
  locate(path: KeyPath): Position | undefined;
}

/**
 * Reads a config text of any of the three formats.
 *
 * JSON may hold comments and trailing commas. Dates become ISO text, so that a config is always plain JSON.
 *
 * @throws CONFIG_SYNTAX with the position and the lines around it
 */
export function readConfigDocument(text: string, format: ConfigFormat, file: string): ConfigDocument {
  return format === 'toml' ? readToml(text, file) : readYaml(text, format, file);
}

/** The format a file name tells; TOML when it tells nothing. */
export function formatOf(file: string): ConfigFormat {
  if (/\.ya?ml$/i.test(file)) return 'yaml';
  return /\.jsonc?$/i.test(file) ? 'json' : 'toml';
}

function readToml(text: string, file: string): ConfigDocument {
  try {
    const value = plain(parse(text, { unsafeKeyBehaviour: 'throw' }));
    const positions = tomlPositions(text);
    return { value, locate: (path) => positions.locate(path) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = ''] = error.message.split('\n');
    throw syntaxError(text, file, error, reason);
  }
}

function readYaml(text: string, format: 'yaml' | 'json', file: string): ConfigDocument {
  const lines = new LineCounter();
  // JSON is indented with tabs as often as not; the YAML reader wants spaces. Legal JSON has no tab inside a string.
  const source = format === 'json' ? text.replaceAll('\t', ' ') : text;
  const document = parseDocument(source, {
    schema: format === 'json' ? 'json' : 'core',
    lineCounter: lines,
    prettyErrors: false,
  });
  const [first] = document.errors;
  if (first) {
    const { line, col } = lines.linePos(first.pos[0]);
    throw syntaxError(text, file, { line, column: col }, first.message);
  }
  const positions = new PositionIndex(text);
  visit(document, {
    Pair: (_, { key }) => {
      if (!isScalar(key) || key.value !== '__proto__') return;
      throw syntaxError(text, file, positions.at(key.range?.[0] ?? 0), 'the key __proto__ is not allowed');
    },
  });
  addNode(positions, [], document.contents);
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    return { value: value ?? {}, locate: (path) => positions.locate(path) };
  } catch (error) {
    throw syntaxError(text, file, { line: 1, column: 1 }, messageOf(error));
  }
}

function addNode(positions: PositionIndex, path: KeyPath, node: unknown): void {
  if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) {
      addOffset(positions, [...path, index], item);
      addNode(positions, [...path, index], item);
    }
  } else if (isMap(node)) {
    for (const pair of node.items) {
      const below = [...path, String(isScalar(pair.key) ? pair.key.value : pair.key)];
      addOffset(positions, below, pair.key);
      addNode(positions, below, pair.value);
    }
  }
}

function addOffset(positions: PositionIndex, path: KeyPath, node: unknown): void {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return;
  const offset: unknown = node.range[0];
  if (typeof offset === 'number') positions.add(path, offset);
}

function plain(value: unknown): unknown {
  if (value instanceof TomlDate) return value.toISOString();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

function syntaxError(text: string, file: string, { line, column }: Position, reason: string): Error {
  return fail('CONFIG_SYNTAX', { file, line, column, reason, frame: frameOf(text, { line, column }) });
}

/** The line in question between its neighbours, with a mark under the column. */
function frameOf(text: string, { line, column }: Position): string {
  const shown = text.split(/\r?\n/).map((content, index) => ({ number: index + 1, content }));
  return shown
    .slice(Math.max(0, line - 2), line + 1)
    .flatMap(({ number, content }) => {
      const row = `${String(number).padStart(5)} | ${content}`;
      return number === line ? [row, `${' '.repeat(5)} | ${' '.repeat(Math.max(0, column - 1))}^`] : [row];
    })
    .join('\n');
}
