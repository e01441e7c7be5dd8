import { closeSync, openSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findRetainers, searchedNames } from './find-retainers.ts';
import { edgesOf, follow, nodeNameOf, nodeTypeOf } from './heap-graph.ts';
import { readSnapshot } from './read-snapshot.ts';
import { RetainerTree } from './retainer-tree.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hotswap-snapshot-'));
});
afterEach(() => rm(folder, { recursive: true }));

type Node = readonly [
  type: string,
  name: string,
  edges: readonly (readonly [type: string, name: string | number, to: number])[],
];

const nodeTypes = ['hidden', 'object', 'synthetic', 'string', 'closure'];
const edgeTypes = ['context', 'element', 'property', 'internal', 'hidden', 'shortcut', 'weak'];

/** A snapshot file as V8 lays it out. */
function snapshotOf(nodes: readonly Node[], locations: readonly number[] = []): string {
  const strings: string[] = [];
  const numberOf = (text: string): number => {
    if (!strings.includes(text)) strings.push(text);
    return strings.indexOf(text);
  };
  const flatNodes = nodes.flatMap(([type, name, edges], id) => [
    nodeTypes.indexOf(type),
    numberOf(name),
    id * 2 + 1,
    16,
    edges.length,
  ]);
  const flatEdges = nodes.flatMap(([, , edges]) =>
    edges.flatMap(([type, name, to]) => [
      edgeTypes.indexOf(type),
      typeof name === 'number' ? name : numberOf(name),
      to * 5,
    ]),
  );
  const meta = {
    node_fields: ['type', 'name', 'id', 'self_size', 'edge_count'],
    node_types: [nodeTypes, 'string', 'number', 'number', 'number'],
    edge_fields: ['type', 'name_or_index', 'to_node'],
    edge_types: [edgeTypes, 'string_or_number', 'node'],
    location_fields: ['object_index', 'script_id', 'line', 'column'],
  };
  const head = JSON.stringify({ meta, node_count: nodes.length, edge_count: flatEdges.length / 3 });
  return [
    `{"snapshot":${head},`,
    `"nodes":[${flatNodes.join('\n,')}],`,
    `"edges":[${flatEdges.join('\n,')}],`,
    '"trace_function_infos":[],"trace_tree":[],"samples":[],',
    `"locations":[${locations.join(',')}],`,
    `"strings":[${strings.map((text) => JSON.stringify(text)).join(',\n')}]}`,
  ].join('\n');
}

function read(text: string) {
  const path = join(folder, 'test.heapsnapshot');
  writeFileSync(path, text);
  const file = openSync(path, 'r');
  // Strings are read when they are asked for, so the file stays open for the test.
  files.push(file);
  return readSnapshot(file, { names: searchedNames });
}

const files: number[] = [];
afterEach(() => {
  for (const file of files.splice(0)) closeSync(file);
});

it('reads nodes, references, places and names', () => {
  const graph = read(
    snapshotOf(
      [
        ['synthetic', '', [['element', 1, 1]]],
        ['object', 'a "quoted" \\ näme', [['property', 'next', 2]]],
        ['closure', '', []],
      ],
      [10, 7, 3, 4],
    ),
  );
  expect(nodeNameOf(graph, 1)).toBe('a "quoted" \\ näme');
  expect(nodeTypeOf(graph, 2)).toBe('closure');
  expect([...edgesOf(graph, 1)]).toEqual([{ index: 1, type: 'property', name: 'next', to: 2 }]);
  expect(follow(graph, 1, 'next')).toBe(2);
  expect([...graph.locations]).toEqual([2, 7, 3, 4]);
});

it('cuts a string that is longer than any name, also where an escape is cut through', () => {
  const graph = read(snapshotOf([['synthetic', `${'x'.repeat(509)}\n\u0001${'y'.repeat(9_000)}`, []]]));
  expect(nodeNameOf(graph, 0).startsWith('xxx')).toBe(true);
  expect(nodeNameOf(graph, 0).length).toBeLessThanOrEqual(512);
});

it('says so when the file is cut short, or is none', () => {
  const text = snapshotOf([['synthetic', '', []]]);
  expect(() => read(text.slice(0, -12))).toThrow('ends too early');
  expect(() => read('{}')).toThrow('ends too early');
});

const pair = '2 / part of key (Object @3) -> value (Object @5) pair in WeakMap (table @7)';

it('goes over no reference that keeps nothing alive', () => {
  const graph = read(
    snapshotOf([
      [
        'synthetic',
        '',
        [
          ['element', 1, 1],
          ['element', 2, 2],
          ['element', 3, 4],
          ['element', 4, 7],
        ],
      ],
      ['object', 'WeakRef', [['weak', 'target', 5]]],
      ['hidden', 'system / EphemeronHashTable', [['internal', pair, 6]]],
      ['object', 'value of a living key', []],
      ['object', 'living key', [['internal', pair, 3]]],
      ['object', 'weakly held', []],
      ['object', 'value of a dead key', []],
      ['synthetic', '(Compilation cache)', [['element', 1, 8]]],
      ['object', 'cached', []],
    ]),
  );
  const tree = new RetainerTree(graph, new Set());
  expect(tree.pathTo(5)).toBeUndefined();
  expect(tree.pathTo(6)).toBeUndefined();
  expect(tree.pathTo(8)).toBeUndefined();
  expect(tree.pathTo(3)?.map(({ node }) => node)).toEqual([4, 3]);
});

it('finds each of several ways, and none to what is not marked', () => {
  const mark: Node = [
    'object',
    'Object',
    [
      ['property', 'censusLabel', 4],
      ['property', 'code', 3],
    ],
  ];
  const graph = read(
    snapshotOf([
      [
        'synthetic',
        '',
        [
          ['element', 1, 1],
          ['element', 2, 2],
          ['element', 3, 5],
          ['element', 4, 6],
        ],
      ],
      mark,
      ['object', 'First', [['property', 'one', 7]]],
      ['object', 'WeakRef', [['weak', 'target', 7]]],
      ['string', 'label', []],
      ['object', 'Second', [['property', 'two', 7]]],
      ['object', 'Third', []],
      ['object', 'anchor', []],
    ]),
  );
  const { retainers, alive } = findRetainers(graph, new Set(['label']), () => {});
  expect(alive).toEqual(['label']);
  expect(retainers.map(({ path }) => path.map(({ name, by }) => `${by.name} ${name}`))).toEqual([
    ['2 First', 'one anchor'],
    ['3 Second', 'two anchor'],
  ]);
  expect(findRetainers(graph, new Set(['other']), () => {}).retainers).toEqual([]);
});
