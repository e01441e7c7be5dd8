import type { SnapshotStrings } from './snapshot-strings.ts';

/**
 * The objects of one heap snapshot and who refers to whom, as flat arrays: a heap of 200 MB has millions of both.
 * Nodes are numbered in the order of the file; the edges of node `n` are `firstEdge[n]` to `firstEdge[n + 1]`.
 */
export interface HeapGraph {
  readonly nodeTypes: readonly string[];
  readonly edgeTypes: readonly string[];
  readonly nodeType: Uint8Array;
  /** Numbers of strings. */
  readonly nodeName: Uint32Array;
  readonly firstEdge: Uint32Array;
  readonly edgeType: Uint8Array;
  /** Numbers of strings; plain indexes where the type is `element` or `hidden`. */
  readonly edgeName: Uint32Array;
  readonly edgeTo: Uint32Array;
  /** Node, script, line, column, again and again; lines and columns count from 0. */
  readonly locations: Uint32Array;
  readonly strings: SnapshotStrings;
}

/** One reference, with the words of the snapshot. */
export interface HeapEdge {
  readonly index: number;
  readonly type: string;
  readonly name: string;
  readonly to: number;
}

export function nodeTypeOf(graph: HeapGraph, node: number): string {
  return graph.nodeTypes[graph.nodeType[node] ?? 0] ?? '';
}

export function nodeNameOf(graph: HeapGraph, node: number): string {
  return graph.strings.at(graph.nodeName[node] ?? 0);
}

export function edgeAt(graph: HeapGraph, index: number): HeapEdge {
  const type = graph.edgeTypes[graph.edgeType[index] ?? 0] ?? '';
  const name = graph.edgeName[index] ?? 0;
  const isNumbered = type === 'element' || type === 'hidden';
  return { index, type, name: isNumbered ? String(name) : graph.strings.at(name), to: graph.edgeTo[index] ?? 0 };
}

/** What a node refers to by `name`; the first one, where the type may be left open. */
export function follow(graph: HeapGraph, node: number | undefined, name: string, type?: string): number | undefined {
  if (node === undefined) return undefined;
  for (const edge of edgesOf(graph, node)) {
    if (edge.name === name && (type === undefined || edge.type === type)) return edge.to;
  }
  return undefined;
}

export function* edgesOf(graph: HeapGraph, node: number): Iterable<HeapEdge> {
  const end = graph.firstEdge[node + 1] ?? 0;
  for (let index = graph.firstEdge[node] ?? 0; index < end; index++) yield edgeAt(graph, index);
}
