import { edgeAt, type HeapEdge, type HeapGraph, nodeNameOf } from './heap-graph.ts';

/** One step on the way from a root: the object, and the reference that led to it. */
export interface Step {
  readonly node: number;
  readonly edge: HeapEdge;
}

const notReached = 0xffff_ffff;

/**
 * Shortest ways from the roots to every object, over references that keep it alive: none that is weak, none from a weak
 * map to its values (its keys have those), none from caches that V8 drops when memory is needed.
 */
export class RetainerTree {
  readonly #graph: HeapGraph;
  /** The reference over which each object was reached first. */
  readonly #via: Uint32Array;
  readonly #from: Uint32Array;

  /** @param cut references that are taken as not there */
  constructor(graph: HeapGraph, cut: ReadonlySet<number>) {
    this.#graph = graph;
    const nodeCount = graph.nodeType.length;
    this.#via = new Uint32Array(nodeCount).fill(notReached);
    this.#from = new Uint32Array(nodeCount);
    this.#search(cut);
  }

  /** The way from a root to `node`, root first; undefined where nothing keeps it alive. */
  pathTo(node: number): readonly Step[] | undefined {
    if (this.#via[node] === notReached) return undefined;
    const steps: Step[] = [];
    for (let at = node; at !== 0; at = this.#from[at] ?? 0) {
      steps.push({ node: at, edge: edgeAt(this.#graph, this.#via[at] ?? 0) });
    }
    return steps.toReversed();
  }

  #search(cut: ReadonlySet<number>): void {
    const { firstEdge, edgeType, edgeName, edgeTo, edgeTypes, nodeType, nodeTypes, strings } = this.#graph;
    const weak = edgeTypes.indexOf('weak');
    const internal = edgeTypes.indexOf('internal');
    // What stands in these is also told by name or number, which says more.
    const stores = new Set(['properties', 'elements'].map((name) => strings.numberOf(name)));
    const synthetic = nodeTypes.indexOf('synthetic');
    const [via, from] = [this.#via, this.#from];
    const queue = new Uint32Array(nodeType.length);
    let length = 1;
    via[0] = 0;
    for (let next = 0; next < length; next++) {
      const node = queue[next] ?? 0;
      const end = firstEdge[node + 1] ?? 0;
      for (let edge = firstEdge[node] ?? 0; edge < end; edge++) {
        const to = edgeTo[edge] ?? 0;
        if (via[to] !== notReached || edgeType[edge] === weak || cut.has(edge)) continue;
        const name = edgeType[edge] === internal ? (edgeName[edge] ?? 0) : undefined;
        if (name !== undefined && stores.has(name)) continue;
        const isPair = name !== undefined && strings.weakPairs.has(name);
        if (isPair && nodeNameOf(this.#graph, node).includes('Ephemeron')) continue;
        if (nodeType[to] === synthetic && isCache(nodeNameOf(this.#graph, to))) continue;
        via[to] = edge;
        from[to] = node;
        queue[length++] = to;
      }
    }
  }
}

function isCache(name: string): boolean {
  return name === '(Compilation cache)' || name === '(Weak roots)';
}
