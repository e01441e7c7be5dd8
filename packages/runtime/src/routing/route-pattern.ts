import { fail } from '../errors.ts';

/** A path pattern: literal segments, `:name` places and at most one `*` at the end. */
export interface RoutePattern {
  readonly text: string;
  readonly segments: readonly Segment[];
  /** Names of the `:name` places in order, then `*` if there is one. */
  readonly names: readonly string[];
}

export type Segment =
  | { readonly type: 'literal'; readonly text: string }
  | { readonly type: 'param' }
  | { readonly type: 'rest' };

/**
 * Reads a pattern such as `/hello/:name` or `/pks/*`. No regular expressions: matching stays linear in the path.
 *
 * @throws ROUTE_INVALID
 */
export function parseRoutePattern(text: string): RoutePattern {
  const refuse = (problem: string): Error => fail('ROUTE_INVALID', { path: text, problem });
  if (!text.startsWith('/')) throw refuse('it must begin with /');
  if (/[?#\s]/.test(text)) throw refuse('it must hold no ?, # or white space');
  const segments: Segment[] = [];
  const names: string[] = [];
  const parts = text.slice(1).split('/');
  for (const [index, part] of parts.entries()) {
    if (part === '*') {
      if (index !== parts.length - 1) throw refuse('* stands for the rest and must be last');
      segments.push({ type: 'rest' });
      names.push('*');
    } else if (part.startsWith(':')) {
      const name = part.slice(1);
      if (!/^[A-Za-z_]\w*$/.test(name)) throw refuse(`:${name} is not a name`);
      if (names.includes(name)) throw refuse(`:${name} stands twice`);
      segments.push({ type: 'param' });
      names.push(name);
    } else if (part.includes('*')) {
      throw refuse('* must be a whole segment');
    } else {
      segments.push({ type: 'literal', text: part });
    }
  }
  return { text, segments, names };
}

/** Whether a path falls under a pattern; used for middleware, whose patterns are few. */
export function matchesPath(pattern: RoutePattern, path: string): boolean {
  let at = 1;
  for (const segment of pattern.segments) {
    if (at > path.length) return false;
    if (segment.type === 'rest') return true;
    const slash = path.indexOf('/', at);
    const end = slash < 0 ? path.length : slash;
    if (segment.type === 'param' ? end === at : path.slice(at, end) !== segment.text) return false;
    at = end + 1;
  }
  return at > path.length;
}

/** Whether every path of `inner` surely falls under `outer`: then nothing is left to check per request. */
export function coversPattern(outer: RoutePattern, inner: RoutePattern): boolean {
  for (const [index, segment] of outer.segments.entries()) {
    if (segment.type === 'rest') return true;
    const other = inner.segments[index];
    if (other === undefined || other.type === 'rest') return false;
    if (segment.type === 'literal' && (other.type !== 'literal' || other.text !== segment.text)) return false;
  }
  return inner.segments.length === outer.segments.length;
}
