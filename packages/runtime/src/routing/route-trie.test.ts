import { array, assert, constantFrom, property, tuple } from 'fast-check';
import { expect, it } from 'vitest';
import { matchesPath, parseRoutePattern, type RoutePattern } from './route-pattern.ts';
import { RouteTrie } from './route-trie.ts';

const words = constantFrom('a', 'b', 'c');
const patternText = tuple(array(constantFrom('a', 'b', 'c', ':', '*'), { minLength: 1, maxLength: 4 })).map(
  ([parts]) => {
    const end = parts.indexOf('*');
    const kept = end < 0 ? parts : parts.slice(0, end + 1);
    return `/${kept.map((part, index) => (part === ':' ? `:p${index}` : part)).join('/')}`;
  },
);
const pathText = array(words, { minLength: 1, maxLength: 5 }).map((parts) => `/${parts.join('/')}`);

/** Segment by segment from the left: a literal beats a place, a place beats the rest. */
function rankOf({ segments }: RoutePattern): string {
  const ranks = { literal: 0, param: 1, rest: 2 };
  return segments.map(({ type }) => ranks[type]).join('');
}

function naive(patterns: readonly RoutePattern[], path: string): string | undefined {
  const found = patterns.filter((pattern) => matchesPath(pattern, path));
  return found.toSorted((a, b) => (rankOf(a) < rankOf(b) ? -1 : 1))[0]?.text;
}

it('finds what trying every pattern in the order of their worth finds', () => {
  assert(
    property(array(patternText, { maxLength: 12 }), array(pathText, { minLength: 1, maxLength: 8 }), (texts, paths) => {
      const trie = new RouteTrie<string>();
      const patterns = texts
        .map(parseRoutePattern)
        .filter((pattern) => trie.add('GET', pattern, pattern.text) === undefined);
      for (const path of paths) expect(trie.match('GET', path)?.value).toBe(naive(patterns, path));
    }),
    { numRuns: 300 },
  );
});

it('gives the raw values of the places, the rest included', () => {
  const trie = new RouteTrie<string>();
  trie.add('GET', parseRoutePattern('/files/:owner/*'), 'files');
  expect(trie.match('GET', '/files/a%20b/x/y.txt')).toEqual({
    value: 'files',
    names: ['owner', '*'],
    values: ['a%20b', 'x/y.txt'],
  });
  expect(trie.match('GET', '/files/ada/')?.values).toEqual(['ada', '']);
});

it('goes back to a less exact pattern when the exact one leads nowhere', () => {
  const trie = new RouteTrie<string>();
  trie.add('GET', parseRoutePattern('/a/b/c'), 'literal');
  trie.add('GET', parseRoutePattern('/a/:x/d'), 'place');
  trie.add('GET', parseRoutePattern('/a/*'), 'rest');
  expect(trie.match('GET', '/a/b/c')?.value).toBe('literal');
  expect(trie.match('GET', '/a/b/d')?.value).toBe('place');
  expect(trie.match('GET', '/a/b/e')?.value).toBe('rest');
});

it('tells of a shape that is taken, whatever its places are called', () => {
  const trie = new RouteTrie<string>();
  expect(trie.add('GET', parseRoutePattern('/u/:id'), 'first')).toBeUndefined();
  expect(trie.add('GET', parseRoutePattern('/u/:name'), 'second')).toBe('first');
  expect(trie.add('POST', parseRoutePattern('/u/:name'), 'third')).toBeUndefined();
  expect(trie.match('GET', '/u/7')).toMatchObject({ value: 'first', names: ['id'] });
  expect(trie.match('POST', '/u/7')).toMatchObject({ value: 'third', names: ['name'] });
});

it('answers HEAD with GET, and any method with ALL only where nothing closer stands', () => {
  const trie = new RouteTrie<string>();
  trie.add('GET', parseRoutePattern('/x'), 'get');
  trie.add('ALL', parseRoutePattern('/x'), 'all');
  expect(trie.match('GET', '/x')?.value).toBe('get');
  expect(trie.match('HEAD', '/x')?.value).toBe('get');
  expect(trie.match('PATCH', '/x')?.value).toBe('all');
});

it('lists the methods of a path for Allow, and none for a path that nobody answers', () => {
  const trie = new RouteTrie<string>();
  trie.add('GET', parseRoutePattern('/x/:id'), 'a');
  trie.add('PUT', parseRoutePattern('/x/*'), 'b');
  expect(trie.methodsAt('/x/1')).toEqual(['GET', 'HEAD', 'PUT']);
  expect(trie.methodsAt('/y')).toEqual([]);
});

it('never lets an empty segment stand for a place', () => {
  const trie = new RouteTrie<string>();
  trie.add('GET', parseRoutePattern('/u/:id'), 'user');
  expect(trie.match('GET', '/u/')).toBeUndefined();
});
