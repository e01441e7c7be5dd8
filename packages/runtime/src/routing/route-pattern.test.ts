import { describe, expect, it } from 'vitest';
import { coversPattern, matchesPath, parseRoutePattern } from './route-pattern.ts';

const covers = (outer: string, inner: string): boolean =>
  coversPattern(parseRoutePattern(outer), parseRoutePattern(inner));
const matches = (pattern: string, path: string): boolean => matchesPath(parseRoutePattern(pattern), path);

describe('reading a pattern', () => {
  it('knows literals, places and the rest', () => {
    expect(parseRoutePattern('/a/:id/*')).toEqual({
      text: '/a/:id/*',
      segments: [{ type: 'literal', text: 'a' }, { type: 'param' }, { type: 'rest' }],
      names: ['id', '*'],
    });
  });

  it.each([
    ['a', 'begin with /'],
    ['/a?b', 'no ?'],
    ['/a b', 'white space'],
    ['/*/a', 'must be last'],
    ['/a*', 'whole segment'],
    ['/:1', 'not a name'],
    ['/:', 'not a name'],
    ['/:a/:a', 'stands twice'],
  ])('refuses %s', (text, problem) => {
    expect(() => parseRoutePattern(text)).toThrow(expect.objectContaining({ code: 'ROUTE_INVALID' }));
    expect(() => parseRoutePattern(text)).toThrow(problem);
  });
});

it.each([
  ['/*', '/', true],
  ['/*', '/a/b', true],
  ['/a/*', '/a/', true],
  ['/a/*', '/a/b/c', true],
  ['/a/*', '/a', false],
  ['/a/*', '/ab', false],
  ['/a', '/a', true],
  ['/a', '/a/', false],
  ['/:x', '/a', true],
  ['/:x', '/', false],
  ['/:x/b', '/a/b', true],
  ['/:x/b', '/a/c', false],
])('%s and %s: %s', (pattern, path, expected) => {
  expect(matches(pattern, path)).toBe(expected);
});

it.each([
  ['/*', '/a/:b', true],
  ['/a/*', '/a/:b', true],
  ['/a/*', '/:b/c', false],
  ['/:a', '/b', true],
  ['/:a', '/*', false],
  ['/a', '/a', true],
  ['/a', '/a/b', false],
])('%s surely covers %s: %s', (outer, inner, expected) => {
  expect(covers(outer, inner)).toBe(expected);
});
