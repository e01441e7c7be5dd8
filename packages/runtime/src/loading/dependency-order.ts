import type { CodedError, PluginManifest } from '@hotswap/protocol';
import { satisfies } from 'semver';
import { nearestName } from '../nearest-name.ts';
import { fail } from '../errors.ts';

/** In which order plugins start, and which cannot. */
export interface PluginOrder {
  /** Names, level by level: those of one level need nothing of each other and may start side by side. */
  readonly levels: readonly (readonly string[])[];
  /** Why a plugin cannot start, by name. It is in no level, and neither is a plugin that needs it. */
  readonly problems: ReadonlyMap<string, CodedError>;
}

/** Kinds that `loadOrder` may name even when no plugin is of them. */
const knownKinds = ['core', 'middleware', 'storage', 'security', 'monitoring', 'protocol', 'content', 'ratelimit'];

interface Dependency {
  readonly name: string;
  readonly range: string;
  readonly isOptional: boolean;
}

interface Node {
  readonly manifest: PluginManifest;
  readonly dependencies: readonly Dependency[];
  /** Names of those dependencies that are there. */
  readonly present: readonly string[];
}

type Graph = ReadonlyMap<string, Node>;

/**
 * Orders plugins: a dependency before its dependents, then as `loadOrder` says, then by name.
 *
 * @param loadOrder plugin names and kinds; a kind stands for all plugins of it. Dependencies outrank it.
 * @param otherNames plugins that are known but do not start: `loadOrder` may name them
 * @param places where each entry of `loadOrder` is written, for the message
 * @throws LOAD_ORDER_UNKNOWN
 */
export function orderPlugins(
  manifests: readonly PluginManifest[],
  loadOrder: readonly string[] = [],
  otherNames: Iterable<string> = [],
  places: readonly (string | undefined)[] = [],
): PluginOrder {
  const names = manifests.flatMap(({ name, kinds = [] }) => [name, ...kinds]);
  checkLoadOrder(loadOrder, new Set([...names, ...otherNames, ...knownKinds]), places);
  const graph = graphOf(manifests);
  const problems = problemsOf(graph);
  const rank = ranksOf(manifests, loadOrder);
  const startable = manifests
    .filter(({ name }) => !problems.has(name))
    .toSorted((a, b) => compare(rank, a.name, b.name));
  return { levels: levelsOf(startable, graph, rank), problems };
}

function checkLoadOrder(
  loadOrder: readonly string[],
  known: ReadonlySet<string>,
  places: readonly (string | undefined)[],
): void {
  const index = loadOrder.findIndex((candidate) => !known.has(candidate));
  const entry = loadOrder[index];
  if (entry === undefined) return;
  const near = nearestName(entry, known);
  const place = places[index];
  throw fail('LOAD_ORDER_UNKNOWN', {
    place: place === undefined ? '' : `${place}: `,
    entry,
    near,
    hint: near === undefined ? '; remove it' : `; did you mean ${near}?`,
  });
}

function graphOf(manifests: readonly PluginManifest[]): Graph {
  const names = new Set(manifests.map(({ name }) => name));
  return new Map(
    manifests.map((manifest) => {
      const dependencies = Object.entries(manifest.dependencies ?? {}).map(([name, spec]): Dependency => {
        if (typeof spec === 'string') return { name, range: spec, isOptional: false };
        return { name, range: spec.version, isOptional: spec.optional ?? false };
      });
      const present = dependencies.map(({ name }) => name).filter((name) => names.has(name));
      return [manifest.name, { manifest, dependencies, present }];
    }),
  );
}

function problemsOf(graph: Graph): ReadonlyMap<string, CodedError> {
  const problems = new Map<string, CodedError>();
  for (const [name, node] of graph) {
    const problem = unmetDependency(node, graph) ?? cycleThrough(name, graph);
    if (problem !== undefined) problems.set(name, problem);
  }
  // A plugin added here is visited later in this same loop, so the reason reaches every dependent.
  for (const [failed, reason] of problems) {
    for (const [plugin, { dependencies }] of graph) {
      const needsIt = dependencies.some(({ name, isOptional }) => name === failed && !isOptional);
      if (!needsIt || problems.has(plugin)) continue;
      const details = { plugin, dependency: failed, reason: reason.message };
      problems.set(plugin, fail('DEPENDENCY_FAILED', details, { cause: reason }));
    }
  }
  return problems;
}

function unmetDependency({ manifest, dependencies }: Node, graph: Graph): CodedError | undefined {
  for (const { name: dependency, range, isOptional } of dependencies) {
    const found = graph.get(dependency)?.manifest;
    const details = { plugin: manifest.name, dependency, range, version: found?.version };
    if (found === undefined && !isOptional) return fail('DEPENDENCY_MISSING', details);
    if (found !== undefined && !satisfies(found.version, range)) return fail('DEPENDENCY_UNSATISFIED', details);
  }
  return undefined;
}

/** The error for the shortest circle of dependencies that leads from a plugin back to itself. */
function cycleThrough(start: string, graph: Graph): CodedError | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const name of queue) {
    for (const next of graph.get(name)?.present ?? []) {
      if (next === start) return fail('DEPENDENCY_CYCLE', { plugin: start, path: wayTo(name, start, cameFrom) });
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, name);
      queue.push(next);
    }
  }
  return undefined;
}

function wayTo(end: string, start: string, cameFrom: ReadonlyMap<string, string>): string {
  const way = [end, start];
  for (let name = end; name !== start; way.unshift(name)) name = cameFrom.get(name) ?? start;
  return way.join(' -> ');
}

/** The place of each plugin in `loadOrder`: by its own name before by a kind; unlisted ones come last. */
function ranksOf(manifests: readonly PluginManifest[], loadOrder: readonly string[]): ReadonlyMap<string, number> {
  return new Map(
    manifests.map(({ name, kinds = [] }) => {
      const byName = loadOrder.indexOf(name);
      const place = byName >= 0 ? byName : loadOrder.findIndex((entry) => kinds.includes(entry));
      return [name, place >= 0 ? place : Infinity];
    }),
  );
}

/**
 * Gives each plugin the first level after its dependencies and, if it is listed, after all that are listed before it.
 * A dependency that is listed later is placed first all the same.
 */
function levelsOf(
  sorted: readonly PluginManifest[],
  graph: Graph,
  rank: ReadonlyMap<string, number>,
): readonly (readonly string[])[] {
  const level = new Map<string, number>();
  const startable = new Set(sorted.map(({ name }) => name));
  const levelAfter = (names: readonly string[]): number =>
    Math.max(-1, ...names.map((name) => level.get(name) ?? -1)) + 1;
  const place = (name: string, floor: number): void => {
    if (level.has(name)) return;
    const dependencies = (graph.get(name)?.present ?? []).filter((dependency) => startable.has(dependency));
    for (const dependency of dependencies) place(dependency, isListed(rank, dependency) ? floor : 0);
    level.set(name, Math.max(floor, levelAfter(dependencies)));
  };
  for (const { name } of sorted) {
    const earlier = sorted.filter((other) => level.has(other.name) && rankOf(rank, other.name) < rankOf(rank, name));
    place(name, isListed(rank, name) ? levelAfter(earlier.map((other) => other.name)) : 0);
  }
  const levels: string[][] = [];
  for (const { name } of sorted) (levels[level.get(name) ?? 0] ??= []).push(name);
  return levels;
}

function isListed(rank: ReadonlyMap<string, number>, name: string): boolean {
  return rankOf(rank, name) !== Infinity;
}

function rankOf(rank: ReadonlyMap<string, number>, name: string): number {
  return rank.get(name) ?? Infinity;
}

function compare(rank: ReadonlyMap<string, number>, a: string, b: string): number {
  const [left, right] = [rankOf(rank, a), rankOf(rank, b)];
  return left === right ? Number(a > b) - Number(a < b) : left - right;
}
