import {
  parseDuration,
  type BackoffStrategy,
  type FailurePolicy,
  type FallbackAction,
  type PluginManifest,
  type RecoverySettings,
} from '@hotswap/protocol';

/** How long to wait before an attempt. */
export interface BackoffRules {
  readonly strategy: BackoffStrategy;
  readonly fromMs: number;
  readonly toMs: number;
}

/** When a plugin gets no more calls for a while. */
export interface BreakerRules {
  /** Above 0, at most 1. */
  readonly failureRate: number;
  readonly minimumCalls: number;
  readonly windowMs: number;
  readonly openForMs: number;
  readonly probes: number;
}

/** When what is no crash counts as one. */
export interface FaultRules {
  /** Errors outside any call, within `withinMs`. */
  readonly errors: number;
  /** Calls in a row that did not answer in time. */
  readonly timeouts: number;
  readonly withinMs: number;
}

/** What answers in the plugin's stead, where the operator wants that. */
export interface StaticAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Everything that is decided in advance about a plugin that goes down. */
export interface RecoveryPolicy {
  readonly failurePolicy: FailurePolicy;
  readonly maxAttempts: number;
  readonly withinMs: number;
  readonly backoff: BackoffRules;
  readonly fallback: readonly FallbackAction[];
  readonly response: StaticAnswer;
  readonly faults: FaultRules;
  readonly breaker: BreakerRules;
}

/** What one side says of a policy: the plugin, or the operator. */
export type RecoveryWish = {
  readonly [Key in keyof RecoveryPolicy]?: RecoveryPolicy[Key] extends readonly unknown[] | string | number
    ? RecoveryPolicy[Key]
    : { readonly [Inner in keyof RecoveryPolicy[Key]]?: RecoveryPolicy[Key][Inner] | undefined };
};

export const defaultRecoveryPolicy: RecoveryPolicy = {
  failurePolicy: 'closed',
  maxAttempts: 5,
  withinMs: 600_000,
  backoff: { strategy: 'exponential', fromMs: 1_000, toMs: 60_000 },
  fallback: ['restart'],
  response: { status: 503, headers: {}, body: 'Service temporarily unavailable' },
  faults: { errors: 10, timeouts: 3, withinMs: 60_000 },
  breaker: { failureRate: 0.5, minimumCalls: 20, windowMs: 10_000, openForMs: 10_000, probes: 3 },
};

/** The policy that holds: the operator's word over the plugin's over the defaults, key by key. */
export function recoveryPolicy(plugin: RecoveryWish | undefined, operator: RecoveryWish | undefined): RecoveryPolicy {
  return withWish(withWish(defaultRecoveryPolicy, plugin), operator);
}

/** The policy of each plugin, worked out anew when its manifest or the operator's word has changed. */
export function policyOfSlots(
  operatorOf: (plugin: string) => RecoveryWish | undefined,
): (slot: PolicyHolder) => RecoveryPolicy {
  const known = new WeakMap<object, { readonly operator: RecoveryWish | undefined; readonly policy: RecoveryPolicy }>();
  return ({ name, current, outage }) => {
    const manifest = (current ?? outage?.last)?.artifact.manifest;
    const operator = operatorOf(name);
    const found = manifest && known.get(manifest);
    if (found && found.operator === operator) return found.policy;
    const policy = recoveryPolicy(wishOfManifest(manifest?.recovery), operator);
    if (manifest) known.set(manifest, { operator, policy });
    return policy;
  };
}

/** What a slot tells of its manifest. */
interface PolicyHolder {
  readonly name: string;
  readonly current: { readonly artifact: { readonly manifest: PluginManifest } } | undefined;
  readonly outage: { readonly last: { readonly artifact: { readonly manifest: PluginManifest } } } | undefined;
}

/** What a manifest says, in milliseconds. */
export function wishOfManifest(settings: RecoverySettings | undefined): RecoveryWish | undefined {
  if (settings === undefined) return undefined;
  const { within, backoff = {}, faults = {}, breaker = {}, ...same } = settings;
  return {
    ...same,
    ...(within === undefined ? {} : { withinMs: parseDuration(within) }),
    backoff: { strategy: backoff.strategy, fromMs: inMs(backoff.from), toMs: inMs(backoff.to) },
    faults: { errors: faults.errors, timeouts: faults.timeouts, withinMs: inMs(faults.within) },
    breaker: {
      failureRate: breaker.failureRate,
      minimumCalls: breaker.minimumCalls,
      windowMs: inMs(breaker.window),
      openForMs: inMs(breaker.openFor),
      probes: breaker.probes,
    },
  };
}

function withWish(policy: RecoveryPolicy, wish: RecoveryWish = {}): RecoveryPolicy {
  const { backoff, response, faults, breaker, ...same } = wish;
  return {
    ...laidOver(policy, same),
    backoff: laidOver(policy.backoff, backoff),
    response: laidOver(policy.response, response),
    faults: laidOver(policy.faults, faults),
    breaker: laidOver(policy.breaker, breaker),
  };
}

/** What is undefined says nothing. */
function laidOver<T extends object>(under: T, over: { readonly [Key in keyof T]?: T[Key] | undefined } | undefined): T {
  const said = Object.entries(over ?? {}).filter(([, value]) => value !== undefined);
  return { ...under, ...Object.fromEntries(said) };
}

function inMs(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : parseDuration(duration);
}
