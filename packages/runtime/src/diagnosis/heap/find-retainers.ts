import type { FoundRetainer, FunctionPlace, RetainerStep, WalkResult } from './found-retainer.ts';
import { edgesOf, follow, type HeapGraph, nodeNameOf, nodeTypeOf } from './heap-graph.ts';
import { RetainerTree, type Step } from './retainer-tree.ts';

/** The property by which a mark of the census is found in a snapshot. */
const markProperty = 'censusLabel';
/** The name under which every function of a program reaches the anchor of its generation. */
const anchorVariable = '__hs_anchor__';

/** Names whose numbers the search needs. */
export const searchedNames: readonly string[] = [markProperty, 'properties', 'elements'];

/** How many different reasons are looked for: after each round the references that were found are taken as cut. */
const mostRounds = 6;

/** A generation in the heap: its mark, and the two objects whose being there means that it is. */
interface MarkedGeneration {
  readonly label: string;
  readonly code: number | undefined;
  readonly generation: number | undefined;
}

/** Says for each suspect what keeps it: by label, shortest way first, several where several things do. */
export function findRetainers(
  graph: HeapGraph,
  suspects: ReadonlySet<string>,
  onRound: (done: number) => void,
): WalkResult {
  const marked = [...markedGenerations(graph)];
  const search = new Search(graph, marked);
  const wanted = marked.filter(({ label }) => suspects.has(label));
  const retainers: FoundRetainer[] = [];
  const cut = new Set<number>();
  for (let round = 0; round < mostRounds; round++) {
    onRound(round / mostRounds);
    const tree = new RetainerTree(graph, cut);
    const found = wanted.flatMap((one) => search.retainersOf(one, tree));
    if (found.length === 0) break;
    for (const { retainer, edge } of found) {
      retainers.push(retainer);
      cut.add(edge);
    }
  }
  const alive = wanted.filter(({ code, generation }) => code !== undefined || generation !== undefined);
  return {
    retainers,
    objects: graph.nodeType.length,
    references: graph.edgeType.length,
    alive: alive.map(({ label }) => label),
  };
}

class Search {
  readonly #graph: HeapGraph;
  /** Generation and anchor objects, with the label of whose they are. */
  readonly #owners = new Map<number, string>();

  constructor(graph: HeapGraph, marked: readonly MarkedGeneration[]) {
    this.#graph = graph;
    for (const { label, code, generation } of marked) {
      if (code !== undefined) this.#owners.set(code, label);
      if (generation !== undefined) this.#owners.set(generation, label);
    }
  }

  /** The way to the code and to the generation, one of them where both are kept by the same. */
  retainersOf(one: MarkedGeneration, tree: RetainerTree) {
    const targets = [
      ['code', one.code],
      ['generation', one.generation],
    ] as const;
    const found = targets.flatMap(([anchor, node]) => {
      const steps = node === undefined ? undefined : tree.pathTo(node);
      if (steps === undefined) return [];
      const path = steps.map((step) => this.#explain(step));
      const entry = path.findIndex(({ owner }) => owner === one.label);
      const edge = steps[entry === -1 ? steps.length - 1 : entry]?.edge.index ?? 0;
      return [{ retainer: { label: one.label, anchor, path } satisfies FoundRetainer, edge }];
    });
    return found.filter(({ edge }, index) => found.findIndex((other) => other.edge === edge) === index);
  }

  #explain({ node, edge }: Step): RetainerStep {
    const graph = this.#graph;
    const [type, name] = [nodeTypeOf(graph, node), nodeNameOf(graph, node)];
    const code = this.#codeOf(node, type, name);
    const owner = this.#ownerOf(node, type);
    const requestId = name === 'Lease' ? requestIdOf(graph, node) : undefined;
    return {
      type,
      name,
      by: { type: edge.type, name: edge.name },
      ...(code && { code }),
      ...(owner !== undefined && { owner }),
      ...(name === 'Timeout' && { isRepeating: isRepeating(graph, node) }),
      ...(requestId !== undefined && { requestId }),
    };
  }

  /** Of a function, or of an async or generator function that is waiting. */
  #codeOf(node: number, type: string, name: string): FunctionPlace | undefined {
    const graph = this.#graph;
    const closure = type === 'closure' ? node : follow(graph, node, 'function', 'internal');
    if (closure === undefined) return undefined;
    const script = follow(graph, follow(graph, closure, 'shared'), 'script');
    const file = follow(graph, script, 'name');
    const place = placeOf(graph, closure) ?? placeOf(graph, node);
    if (file === undefined || place === undefined) return undefined;
    return { name: type === 'closure' ? name : nodeNameOf(graph, closure), file: nodeNameOf(graph, file), ...place };
  }

  /** Every function of a program reaches its anchor through the variables around it. */
  #ownerOf(node: number, type: string): string | undefined {
    const graph = this.#graph;
    const known = this.#owners.get(node);
    if (known !== undefined) return known;
    const isContext = nodeNameOf(graph, node) === 'system / Context';
    let context = isContext ? node : follow(graph, node, 'context', 'internal');
    if (!isContext && type !== 'closure' && type !== 'object') return undefined;
    for (let depth = 0; context !== undefined && depth < 64; depth++) {
      const anchor = follow(graph, context, anchorVariable, 'context');
      if (anchor !== undefined) return this.#owners.get(anchor);
      context = follow(graph, context, 'previous', 'internal');
    }
    return undefined;
  }
}

function* markedGenerations(graph: HeapGraph): Iterable<MarkedGeneration> {
  const name = graph.strings.numberOf(markProperty);
  const property = graph.edgeTypes.indexOf('property');
  if (name === undefined) return;
  for (let node = 0; node < graph.nodeType.length; node++) {
    const end = graph.firstEdge[node + 1] ?? 0;
    for (let edge = graph.firstEdge[node] ?? 0; edge < end; edge++) {
      if (graph.edgeName[edge] !== name || graph.edgeType[edge] !== property) continue;
      const target = (of: string) => follow(graph, follow(graph, node, of, 'property'), 'target', 'weak');
      const label = nodeNameOf(graph, graph.edgeTo[edge] ?? 0);
      yield { label, code: target('code'), generation: target('generation') };
    }
  }
}

function placeOf(
  { locations }: HeapGraph,
  node: number,
): { readonly line: number; readonly column: number } | undefined {
  for (let index = 0; index < locations.length; index += 4) {
    if (locations[index] === node) {
      return { line: (locations[index + 2] ?? 0) + 1, column: (locations[index + 3] ?? 0) + 1 };
    }
  }
  return undefined;
}

/** A timer that fires once has no time after which it does so again; numbers leave no reference in a snapshot. */
function isRepeating(graph: HeapGraph, node: number): boolean {
  const repeat = follow(graph, node, '_repeat');
  return repeat === undefined || nodeTypeOf(graph, repeat) === 'number';
}

function requestIdOf(graph: HeapGraph, lease: number): string | undefined {
  const request = follow(graph, lease, 'request');
  if (request === undefined) return undefined;
  for (const { name, to } of edgesOf(graph, request)) {
    const isText = nodeTypeOf(graph, to) === 'string';
    if (isText && /request-?id/i.test(name)) return nodeNameOf(graph, to);
  }
  return undefined;
}
