import type { RoutePattern } from './route-pattern.ts';

/** What hangs at the end of a path in the trie: values by HTTP method. */
interface Leaf<Value> {
  readonly names: readonly string[];
  readonly byMethod: Map<string, Value>;
}

/** A path without places: its matches are always the same objects. */
type ExactPath<Value> = Map<string, TrieMatch<Value>>;

interface Node<Value> {
  readonly literals: Map<string, Node<Value>>;
  param: Node<Value> | undefined;
  readonly rest: Leaf<Value>[];
  readonly leaves: Leaf<Value>[];
}

/** A match: the value, and the raw values of the pattern's places. */
export interface TrieMatch<Value> {
  readonly value: Value;
  readonly names: readonly string[];
  readonly values: readonly string[];
}

const noValues: readonly string[] = [];

/** A trie over path segments. Literals win over `:name`, `:name` over `*`. Filled once, then only read. */
export class RouteTrie<Value> {
  readonly #root: Node<Value> = emptyNode();
  /** Patterns without places, looked up in one step. */
  readonly #exact = new Map<string, ExactPath<Value>>();

  /** @returns what already stands at the same method and shape, whatever its places are called; then nothing is added */
  add(method: string, pattern: RoutePattern, value: Value): Value | undefined {
    const leaves = this.#leavesOf(pattern);
    for (const leaf of leaves) {
      const taken = leaf.byMethod.get(method);
      if (taken !== undefined) return taken;
    }
    const leaf = leafIn(leaves, pattern);
    leaf.byMethod.set(method, value);
    if (pattern.names.length === 0) this.#addExact(pattern.text, method, value);
    return undefined;
  }

  match(method: string, path: string): TrieMatch<Value> | undefined {
    const exact = this.#exact.get(path);
    const found = exact && valueFor(exact, method);
    if (found !== undefined) return found;
    return search(this.#root, { method, path }, 1, []);
  }

  /** The methods some pattern answers on this path, for `Allow`. */
  methodsAt(path: string): readonly string[] {
    const methods = new Set<string>();
    for (const leaf of this.#leavesAt(path)) for (const method of leaf.byMethod.keys()) methods.add(method);
    if (methods.has('GET')) methods.add('HEAD');
    return [...methods].toSorted();
  }

  #addExact(path: string, method: string, value: Value): void {
    const matches: ExactPath<Value> = this.#exact.get(path) ?? new Map();
    matches.set(method, { value, names: noValues, values: noValues });
    this.#exact.set(path, matches);
  }

  #leavesAt(path: string): Leaf<Value>[] {
    const found: Leaf<Value>[] = [];
    collect(this.#root, path, 1, found);
    return found;
  }

  #leavesOf(pattern: RoutePattern): Leaf<Value>[] {
    let node = this.#root;
    for (const segment of pattern.segments) {
      if (segment.type === 'rest') return node.rest;
      if (segment.type === 'param') node = node.param ??= emptyNode();
      else node = childOf(node, segment.text);
    }
    return node.leaves;
  }
}

function emptyNode<Value>(): Node<Value> {
  return { literals: new Map(), param: undefined, rest: [], leaves: [] };
}

function childOf<Value>(node: Node<Value>, text: string): Node<Value> {
  const child = node.literals.get(text) ?? emptyNode<Value>();
  node.literals.set(text, child);
  return child;
}

/** Two patterns of one shape may call their places differently, for different methods: one leaf for each naming. */
function leafIn<Value>(leaves: Leaf<Value>[], pattern: RoutePattern): Leaf<Value> {
  const same = leaves.find((leaf) => leaf.names.join() === pattern.names.join());
  if (same) return same;
  const leaf: Leaf<Value> = { names: pattern.names, byMethod: new Map() };
  leaves.push(leaf);
  return leaf;
}

function valueFor<Value>(byMethod: ReadonlyMap<string, Value>, method: string): Value | undefined {
  return byMethod.get(method) ?? (method === 'HEAD' ? byMethod.get('GET') : undefined) ?? byMethod.get('ALL');
}

function pick<Value>(
  leaves: readonly Leaf<Value>[],
  method: string,
  values: readonly string[],
): TrieMatch<Value> | undefined {
  for (const leaf of leaves) {
    const value = valueFor(leaf.byMethod, method);
    if (value !== undefined) return { value, names: leaf.names, values };
  }
  return undefined;
}

function search<Value>(
  node: Node<Value>,
  request: { readonly method: string; readonly path: string },
  at: number,
  values: readonly string[],
): TrieMatch<Value> | undefined {
  const { method, path } = request;
  if (at > path.length) return pick(node.leaves, method, values);
  const slash = path.indexOf('/', at);
  const end = slash < 0 ? path.length : slash;
  const part = path.slice(at, end);
  const literal = node.literals.get(part);
  const found =
    (literal && search(literal, request, end + 1, values)) ??
    (node.param && part !== '' ? search(node.param, request, end + 1, [...values, part]) : undefined);
  return found ?? (node.rest.length > 0 ? pick(node.rest, method, [...values, path.slice(at)]) : undefined);
}

function collect<Value>(node: Node<Value>, path: string, at: number, found: Leaf<Value>[]): void {
  found.push(...node.rest);
  if (at > path.length) {
    found.push(...node.leaves);
    return;
  }
  const slash = path.indexOf('/', at);
  const end = slash < 0 ? path.length : slash;
  const part = path.slice(at, end);
  const literal = node.literals.get(part);
  if (literal) collect(literal, path, end + 1, found);
  if (node.param && part !== '') collect(node.param, path, end + 1, found);
}
