/** Which generation of a plugin serves whom. Immutable: a change is a new one. */
export interface Assignment {
  readonly default: number | undefined;
  /** Shares of the traffic that is not pinned; what is left over goes to `default`. */
  readonly weights: readonly { readonly generation: number; /** 0 to 1 */ readonly share: number }[];
  readonly byTenant: ReadonlyMap<string, number>;
  /** Generations that a permitted caller may ask for by number, even with no share. */
  readonly forced: ReadonlySet<number>;
}

/** What is known of a request when its generation is chosen. */
export interface AssignmentKey {
  readonly tenant?: string | undefined;
  /** In [0, 1), the same for the same client or tenant, so that growing shares never flip anyone back. */
  readonly stickyHash?: number | undefined;
  readonly forced?: number | undefined;
}

export const emptyAssignment: Assignment = { default: undefined, weights: [], byTenant: new Map(), forced: new Set() };

/** The generation that serves a request: forced, else pinned by tenant, else by share, else the default. */
export function resolveAssignment(assignment: Assignment, key: AssignmentKey): number | undefined {
  if (key.forced !== undefined && assignment.forced.has(key.forced)) return key.forced;
  const pinned = key.tenant === undefined ? undefined : assignment.byTenant.get(key.tenant);
  if (pinned !== undefined) return pinned;
  if (key.stickyHash === undefined) return assignment.default;
  let upper = 0;
  for (const { generation, share } of assignment.weights) {
    upper += share;
    if (key.stickyHash < upper) return generation;
  }
  return assignment.default;
}

/** The same assignment with another default; what pointed at generations that are gone is dropped. */
export function withDefault(
  assignment: Assignment,
  generation: number | undefined,
  alive: ReadonlySet<number>,
): Assignment {
  return {
    default: generation,
    weights: assignment.weights.filter((weight) => alive.has(weight.generation)),
    byTenant: new Map([...assignment.byTenant].filter(([, pinned]) => alive.has(pinned))),
    forced: new Set([...assignment.forced].filter((forced) => alive.has(forced))),
  };
}

/** The generation every request gets, if there is only one: then nothing is resolved per request. */
export function soleGeneration(assignment: Assignment): number | undefined {
  const isPlain = assignment.weights.length === 0 && assignment.byTenant.size === 0 && assignment.forced.size === 0;
  return isPlain ? assignment.default : undefined;
}

/** Every generation that somebody could be served by. */
export function assignedGenerations(assignment: Assignment): ReadonlySet<number> {
  const { weights, byTenant, forced } = assignment;
  const all = [assignment.default, ...weights.map(({ generation }) => generation), ...byTenant.values(), ...forced];
  return new Set(all.filter((number) => number !== undefined));
}
