// Reads a heap snapshot as V8 writes it, in one pass over the file. JSON.parse would need several times the file's
// size, and more than the longest string there can be.
import { readSync } from 'node:fs';
import type { HeapGraph } from './heap-graph.ts';
import { SnapshotStrings } from './snapshot-strings.ts';

const chunkBytes = 4 * 1_024 * 1_024;
const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const zero = 0x30;
const nine = 0x39;
const none = -1;

export interface ReadOptions {
  /** Names whose numbers will be asked for. */
  readonly names: readonly string[];
  /** Told from time to time how many bytes were read. */
  readonly onProgress?: (bytes: number) => void;
}

/** What the head of the file says about the rest. */
interface Layout {
  readonly nodeCount: number;
  readonly edgeCount: number;
  readonly nodeFields: readonly string[];
  readonly edgeFields: readonly string[];
  readonly nodeTypes: readonly string[];
  readonly edgeTypes: readonly string[];
}

/** Reads an open snapshot file into arrays. Throws where it is none, or cut short. */
export function readSnapshot(file: number, options: ReadOptions): HeapGraph {
  const bytes = new ByteReader(file, options.onProgress ?? (() => {}));
  const layout = readLayout(bytes);
  const nodes = readNodes(bytes, layout);
  const edges = readEdges(bytes, layout);
  const locations = readLocations(bytes, layout);
  const strings = readStrings(bytes, file, options.names);
  const { nodeTypes, edgeTypes } = layout;
  return { nodeTypes, edgeTypes, ...nodes, ...edges, locations, strings };
}

function readLayout(bytes: ByteReader): Layout {
  const text = bytes.textUntil('"nodes":[');
  const { snapshot } = JSON.parse(`${text.slice(0, text.lastIndexOf(','))}}`) as { snapshot: SnapshotHead };
  const { meta, node_count: nodeCount, edge_count: edgeCount } = snapshot;
  const typesAt = (types: readonly unknown[], fields: readonly string[]) => types[fields.indexOf('type')];
  return {
    nodeCount,
    edgeCount,
    nodeFields: meta.node_fields,
    edgeFields: meta.edge_fields,
    nodeTypes: typesAt(meta.node_types, meta.node_fields) as readonly string[],
    edgeTypes: typesAt(meta.edge_types, meta.edge_fields) as readonly string[],
  };
}

interface SnapshotHead {
  readonly meta: {
    readonly node_fields: readonly string[];
    readonly node_types: readonly unknown[];
    readonly edge_fields: readonly string[];
    readonly edge_types: readonly unknown[];
  };
  readonly node_count: number;
  readonly edge_count: number;
}

function readNodes(bytes: ByteReader, { nodeCount, nodeFields }: Layout) {
  const nodeType = new Uint8Array(nodeCount);
  const nodeName = new Uint32Array(nodeCount);
  const firstEdge = new Uint32Array(nodeCount + 1);
  const width = nodeFields.length;
  const [type, name, edges] = ['type', 'name', 'edge_count'].map((field) => nodeFields.indexOf(field));
  let node = 0;
  let field = 0;
  let edgeCount = 0;
  bytes.numbers((value) => {
    if (field === type) nodeType[node] = value;
    else if (field === name) nodeName[node] = value;
    else if (field === edges) edgeCount += value;
    if (++field < width) return;
    firstEdge[++node] = edgeCount;
    field = 0;
  });
  return { nodeType, nodeName, firstEdge };
}

function readEdges(bytes: ByteReader, { edgeCount, edgeFields, nodeFields }: Layout) {
  bytes.textUntil('"edges":[');
  const edgeType = new Uint8Array(edgeCount);
  const edgeName = new Uint32Array(edgeCount);
  const edgeTo = new Uint32Array(edgeCount);
  const width = edgeFields.length;
  const [type, name, to] = ['type', 'name_or_index', 'to_node'].map((field) => edgeFields.indexOf(field));
  let edge = 0;
  let field = 0;
  bytes.numbers((value) => {
    if (field === type) edgeType[edge] = value;
    else if (field === name) edgeName[edge] = value;
    // What the file calls a node is the place of its first number.
    else if (field === to) edgeTo[edge] = value / nodeFields.length;
    if (++field < width) return;
    edge++;
    field = 0;
  });
  return { edgeType, edgeName, edgeTo };
}

function readLocations(bytes: ByteReader, { nodeFields }: Layout): Uint32Array {
  bytes.skipUntil('"locations":[');
  let locations = new Uint32Array(1 << 16);
  let length = 0;
  bytes.numbers((value) => {
    if (length === locations.length) locations = grown(locations, new Uint32Array(length * 2));
    locations[length] = length % 4 === 0 ? value / nodeFields.length : value;
    length++;
  });
  return locations.subarray(0, length);
}

function readStrings(bytes: ByteReader, file: number, names: readonly string[]): SnapshotStrings {
  bytes.skipUntil('"strings":[');
  const wanted = new Set(names);
  const numbers = new Map<string, number>();
  const weakPairs = new Set<number>();
  let offsets = new Float64Array(1 << 16);
  let count = 0;
  bytes.strings((offset, start) => {
    if (count === offsets.length) offsets = grown(offsets, new Float64Array(count * 2));
    offsets[count] = offset;
    if (wanted.has(start)) numbers.set(start, count);
    if (/^\d+ \/ part of key \(/.test(start)) weakPairs.add(count);
    count++;
  });
  return new SnapshotStrings(file, offsets.subarray(0, count), { numbers, weakPairs });
}

function grown<Numbers extends Uint32Array | Float64Array>(from: Numbers, to: Numbers): Numbers {
  to.set(from);
  return to;
}

/** How much of a string is shown to whoever looks for names. */
const startLength = 48;

/** Bytes of a file, one after the other. */
class ByteReader {
  readonly #file: number;
  readonly #onProgress: (bytes: number) => void;
  readonly #chunk = Buffer.allocUnsafe(chunkBytes);
  #length = 0;
  #position = 0;
  /** Where the chunk begins in the file. */
  #base = 0;

  constructor(file: number, onProgress: (bytes: number) => void) {
    this.#file = file;
    this.#onProgress = onProgress;
  }

  /** Everything up to and with `mark`. Only for short stretches. */
  textUntil(mark: string): string {
    let text = '';
    while (!text.endsWith(mark)) text += String.fromCharCode(this.#nextOrThrow());
    return text;
  }

  /** Goes on behind `mark`, keeping nothing. */
  skipUntil(mark: string): void {
    let last = '';
    while (last !== mark) last = (last + String.fromCharCode(this.#nextOrThrow())).slice(-mark.length);
  }

  /** Whole numbers with commas between them, up to the closing bracket. */
  numbers(each: (value: number) => void): void {
    let value = 0;
    let hasDigits = false;
    for (;;) {
      const byte = this.#position < this.#length ? (this.#chunk[this.#position++] ?? none) : this.#nextOrThrow();
      if (byte >= zero && byte <= nine) {
        value = value * 10 + byte - zero;
        hasDigits = true;
      } else if (byte === comma || byte === closeBracket) {
        if (hasDigits) each(value);
        if (byte === closeBracket) return;
        value = 0;
        hasDigits = false;
      } else if (byte === openBracket) {
        throw new Error('the heap snapshot has a layout that is not known');
      }
    }
  }

  /** Strings with commas between them, up to the closing bracket: where each begins in the file, and its first letters. */
  strings(each: (offset: number, start: string) => void): void {
    const start = Buffer.allocUnsafe(startLength);
    for (;;) {
      const byte = this.#nextOrThrow();
      if (byte === closeBracket) return;
      if (byte !== quote) continue;
      const offset = this.#base + this.#position;
      let length = 0;
      for (let inner = this.#nextOrThrow(); inner !== quote; inner = this.#nextOrThrow()) {
        if (length < startLength) start[length++] = inner;
        if (inner === backslash) this.#nextOrThrow();
      }
      each(offset, start.toString('latin1', 0, length));
    }
  }

  #nextOrThrow(): number {
    if (this.#position >= this.#length) this.#fill();
    return this.#chunk[this.#position++] ?? none;
  }

  #fill(): void {
    this.#base += this.#length;
    this.#onProgress(this.#base);
    this.#length = readSync(this.#file, this.#chunk, 0, chunkBytes, this.#base);
    this.#position = 0;
    if (this.#length === 0) throw new Error('the heap snapshot ends too early');
  }
}
