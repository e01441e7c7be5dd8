import type { Registration, RegistrationOf } from '@hotswap/protocol';
import { type Assignment, resolveAssignment, soleGeneration, type AssignmentKey } from './assignment.ts';
import type { Gate } from './gate.ts';
import { coversPattern, matchesPath, parseRoutePattern, type RoutePattern } from './route-pattern.ts';
import { RouteTrie, type TrieMatch } from './route-trie.ts';
import { fail } from '../errors.ts';

/** What routing needs to know of a generation. */
export interface Routable {
  readonly number: number;
  readonly registrations: readonly Registration[];
}

/** One plugin as the table sees it. Immutable: publishing makes a new one. */
export interface SlotView<G extends Routable> {
  readonly name: string;
  /** What stands in front of it while it does not simply serve. */
  readonly gate: Gate<G> | undefined;
  readonly assignment: Assignment;
  readonly generations: ReadonlyMap<number, G>;
  /** The generation every request gets, where there is only one: then nothing is resolved per request. */
  readonly sole: G | undefined;
  /** Its routes and hooks in one string: the same string, the same shape. */
  readonly signature: string;
}

/** Makes a view; what can be known of it before a request comes is worked out here. */
export function createSlotView<G extends Routable>(parts: Omit<SlotView<G>, 'sole' | 'signature'>): SlotView<G> {
  return { ...parts, sole: soleOf(parts), signature: signatureOf(parts) };
}

type Hook = RegistrationOf<'middleware' | 'request-hook' | 'response-hook'>;

/** A middleware or hook, at its place in the order. */
export interface ChainLink {
  readonly slot: number;
  readonly key: string;
  readonly type: Hook['type'];
  readonly priority: number;
  readonly patterns: readonly RoutePattern[];
}

/** A route of one plugin, with the middleware that stands in front of it. */
export interface RouteEntry {
  readonly slot: number;
  readonly key: string;
  readonly pattern: RoutePattern;
  /** Links that surely apply to every path of this route, and links whose paths must be looked at. */
  chain: readonly ChainLink[];
  isChainCertain: boolean;
}

/** What stays the same as long as no plugin changes which routes it has. */
interface Shape {
  readonly trie: RouteTrie<RouteEntry>;
  /** Paths that take WebSocket connections, each under GET: a page may stand on the same path. */
  readonly sockets: RouteTrie<RouteEntry>;
  readonly links: readonly ChainLink[];
  /** Of each slot, in order: which routes and hooks it had when the trie was built. */
  readonly signatures: readonly string[];
}

/** Immutable: from path to plugin, from plugin to the generation that serves a request. */
export interface RoutingTable<G extends Routable> {
  readonly slots: readonly SlotView<G>[];
  readonly shape: Shape;
}

/** Names the handler of a registration, the same in every generation that has it at the same place. */
export function handlerKey(registration: Registration, ordinal: number): string {
  if (registration.type === 'route') return `${registration.method} ${registration.path}`;
  if (registration.type === 'websocket') return `WebSocket ${registration.path}`;
  if (!isHook(registration)) return `${registration.type}#${ordinal}`;
  return `${registration.type}#${ordinal} ${registration.priority} ${registration.paths.join()}`;
}

export function emptyTable<G extends Routable>(): RoutingTable<G> {
  return { slots: [], shape: { trie: new RouteTrie(), sockets: new RouteTrie(), links: [], signatures: [] } };
}

/**
 * Builds the next table. Where no plugin changed its routes, the trie of `previous` is used as it is.
 *
 * @throws ROUTE_CONFLICT when two plugins want the same method and path
 */
export function buildRoutingTable<G extends Routable>(
  previous: RoutingTable<G>,
  slots: readonly SlotView<G>[],
): RoutingTable<G> {
  return { slots, shape: isSameShape(previous.shape, slots) ? previous.shape : buildShape(slots) };
}

/** Strings of views that did not change are the same objects: this is a comparison of pointers, mostly. */
function isSameShape({ signatures }: Shape, slots: readonly SlotView<Routable>[]): boolean {
  return signatures.length === slots.length && slots.every(({ signature }, index) => signature === signatures[index]);
}

/** The route that answers a request, and its chain of middleware. */
export function matchRoute<G extends Routable>(
  table: RoutingTable<G>,
  method: string,
  path: string,
): TrieMatch<RouteEntry> | undefined {
  return table.shape.trie.match(method, path);
}

/** The route that takes a WebSocket connection, and its chain of middleware. */
export function matchSocket<G extends Routable>(
  table: RoutingTable<G>,
  path: string,
): TrieMatch<RouteEntry> | undefined {
  return table.shape.sockets.match('GET', path);
}

/** The links that stand in front of a path that no route answers. */
export function linksFor<G extends Routable>(table: RoutingTable<G>, path: string): readonly ChainLink[] {
  const { links } = table.shape;
  return links.length === 0 ? links : links.filter((link) => appliesTo(link, path));
}

export function appliesTo(link: ChainLink, path: string): boolean {
  return link.patterns.some((pattern) => matchesPath(pattern, path));
}

/** The generation of a slot that serves a request; none behind a gate, which must be asked then. */
export function generationFor<G extends Routable>(
  table: RoutingTable<G>,
  slot: number,
  caller: { readonly key: AssignmentKey },
): G | undefined {
  const view = table.slots[slot];
  if (view === undefined) return undefined;
  if (view.sole !== undefined) return view.sole;
  if (view.gate !== undefined) return undefined;
  const number = resolveAssignment(view.assignment, caller.key);
  return number === undefined ? undefined : view.generations.get(number);
}

function soleOf<G extends Routable>(view: Omit<SlotView<G>, 'sole' | 'signature'>): G | undefined {
  const number = view.gate !== undefined ? undefined : soleGeneration(view.assignment);
  return number === undefined ? undefined : view.generations.get(number);
}

function signatureOf({ name, generations }: Pick<SlotView<Routable>, 'name' | 'generations'>): string {
  const keys = new Set<string>();
  for (const generation of generations.values()) for (const { key } of routed(generation)) keys.add(key);
  return `${name}: ${[...keys].join(' | ')}`;
}

function routed(generation: Routable): { key: string; registration: Registration; hook: Hook | undefined }[] {
  const ordinals = new Map<string, number>();
  const found: { key: string; registration: Registration; hook: Hook | undefined }[] = [];
  for (const registration of generation.registrations) {
    const ordinal = ordinals.get(registration.type) ?? 0;
    ordinals.set(registration.type, ordinal + 1);
    const hook = isHook(registration) ? registration : undefined;
    if (hook || isRoute(registration)) found.push({ key: handlerKey(registration, ordinal), registration, hook });
  }
  return found;
}

function isRoute(registration: Registration): registration is RegistrationOf<'route' | 'websocket'> {
  return registration.type === 'route' || registration.type === 'websocket';
}

function isHook(registration: Registration): registration is Hook {
  return ['middleware', 'request-hook', 'response-hook'].includes(registration.type);
}

function buildShape(slots: readonly SlotView<Routable>[]): Shape {
  const trie = new RouteTrie<RouteEntry>();
  const sockets = new RouteTrie<RouteEntry>();
  const entries: RouteEntry[] = [];
  const links = new Map<string, ChainLink>();
  for (const [slot, view] of slots.entries()) {
    for (const generation of view.generations.values()) {
      for (const { key, registration, hook } of routed(generation)) {
        if (hook) links.set(`${slot} ${key}`, linkOf(hook, slot, key));
        else if (isRoute(registration)) {
          addRoute(registration.type === 'route' ? trie : sockets, entries, { slot, key, registration, slots });
        }
      }
    }
  }
  // The sort is stable: equal priorities keep the load order of the plugins.
  const ordered = [...links.values()].toSorted((a, b) => a.priority - b.priority);
  for (const entry of entries) placeChain(entry, ordered);
  return { trie, sockets, links: ordered, signatures: slots.map(({ signature }) => signature) };
}

function linkOf(hook: Hook, slot: number, key: string): ChainLink {
  return { slot, key, type: hook.type, priority: hook.priority, patterns: hook.paths.map(parseRoutePattern) };
}

function addRoute(
  trie: RouteTrie<RouteEntry>,
  entries: RouteEntry[],
  route: {
    readonly slot: number;
    readonly key: string;
    readonly registration: RegistrationOf<'route' | 'websocket'>;
    readonly slots: readonly SlotView<Routable>[];
  },
): void {
  const { path } = route.registration;
  const method = route.registration.type === 'route' ? route.registration.method : 'GET';
  const pattern = parseRoutePattern(path);
  const entry: RouteEntry = { slot: route.slot, key: route.key, pattern, chain: [], isChainCertain: true };
  const taken = trie.add(method, pattern, entry);
  if (taken === undefined) entries.push(entry);
  else if (taken.slot !== route.slot || taken.key !== route.key) {
    throw fail('ROUTE_CONFLICT', {
      route: route.key,
      plugin: route.slots[route.slot]?.name,
      holder: route.slots[taken.slot]?.name,
    });
  }
}

function placeChain(entry: RouteEntry, links: readonly ChainLink[]): void {
  const certain = (link: ChainLink): boolean => link.patterns.some((pattern) => coversPattern(pattern, entry.pattern));
  entry.chain = links.filter(
    (link) => certain(link) || link.patterns.some((pattern) => mayMeet(pattern, entry.pattern)),
  );
  entry.isChainCertain = entry.chain.every(certain);
}

/** Whether some path falls under both patterns. Too many is harmless: the path is looked at then. */
function mayMeet(a: RoutePattern, b: RoutePattern): boolean {
  const length = Math.min(a.segments.length, b.segments.length);
  for (let index = 0; index < length; index++) {
    const one = a.segments[index];
    const other = b.segments[index];
    if (one?.type === 'rest' || other?.type === 'rest') return true;
    if (one?.type === 'literal' && other?.type === 'literal' && one.text !== other.text) return false;
  }
  return a.segments.length === b.segments.length;
}
