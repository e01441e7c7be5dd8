import { parseSync } from 'vite';

import { isTest } from './source-files.ts';
import type { SourceFile } from './source-files.ts';

/** One line of a package's error catalog, as written. */
export interface CatalogLine {
  readonly code: string;
  readonly kind: string;
  readonly message: string;
  /** The file that holds the catalog, relative to the repository. */
  readonly file: string;
}

/** A node of the syntax tree, as far as this file looks into one. */
type Node = Readonly<Record<string, unknown>>;

const codeShape = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/;

/** A catalog is one file that calls `defineErrors`, or a file for each area in the folder `errors` beside it. */
function holdsCatalog({ path, text }: SourceFile): boolean {
  const declares = text.includes('defineErrors(') || /\/src\/errors\/[^/]+\.ts$/.test(path);
  return declares && !isTest(path) && !path.startsWith('scripts/');
}

/** Every error code of the repository, read from the catalogs' text so that a half-built package has a reference too. */
export function readErrorCatalogs(files: readonly SourceFile[]): CatalogLine[] {
  return files
    .filter(holdsCatalog)
    .flatMap(({ path, text }) => nodesOf(parseSync(path, text).program).flatMap((node) => catalogLine(path, node)));
}

function catalogLine(file: string, node: Node): CatalogLine[] {
  const code = nameOf(node['key']);
  const properties = isNode(node['value']) ? node['value']['properties'] : undefined;
  if (node['type'] !== 'Property' || code === undefined || !codeShape.test(code) || !Array.isArray(properties))
    return [];
  const fields = new Map(properties.filter(isNode).map((field) => [nameOf(field['key']), textOf(field['value'])]));
  const [kind, message] = [fields.get('kind'), fields.get('message')];
  return kind === undefined || message === undefined ? [] : [{ code, kind, message, file }];
}

function nodesOf(value: unknown): Node[] {
  if (Array.isArray(value)) return value.flatMap(nodesOf);
  return isNode(value) ? [value, ...Object.values(value).flatMap(nodesOf)] : [];
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nameOf(key: unknown): string | undefined {
  if (!isNode(key)) return undefined;
  const name = key['name'] ?? key['value'];
  return typeof name === 'string' ? name : undefined;
}

/** The text of a string literal, of literals joined with `+`, or of a template without places. */
function textOf(value: unknown): string | undefined {
  if (!isNode(value)) return undefined;
  if (typeof value['value'] === 'string') return value['value'];
  if (value['type'] === 'TSAsExpression') return textOf(value['expression']);
  if (value['type'] === 'BinaryExpression') return `${textOf(value['left']) ?? ''}${textOf(value['right']) ?? ''}`;
  const quasis = value['quasis'];
  return Array.isArray(quasis)
    ? quasis.map((part) => (isNode(part) && isNode(part['value']) ? String(part['value']['cooked']) : '')).join('')
    : undefined;
}
