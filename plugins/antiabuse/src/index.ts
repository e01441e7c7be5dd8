import { definePlugin } from '@hotswap/sdk';
import type { PluginContext, RequestHead } from '@hotswap/sdk';
import { AddressSet } from './address-set.ts';
import { findClient, nameOf } from './client-address.ts';
import { SlidingWindow } from './sliding-window.ts';
import type { Decision, WindowState } from './sliding-window.ts';

interface Config {
  readonly windowSeconds: number;
  readonly lookups: number;
  readonly adds: number;
  readonly allow: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly maxClients: number;
}

/** Adding costs the server far more than looking up, so each has its own count. */
type Budget = 'lookups' | 'adds';

/** The counts, and the length of the window that they were counted in. */
type State = Readonly<Record<Budget, WindowState>> & { readonly windowSeconds: number };

/** The config, made ready for use. */
interface Policy {
  readonly config: Config;
  readonly allowed: AddressSet;
  readonly trusted: AddressSet;
  readonly windows: Readonly<Record<Budget, SlidingWindow>>;
}

type Refusal = Extract<Decision, { readonly isAllowed: false }>;

export default definePlugin<Config, State>({
  // Losing the counts of some milliseconds in a swap is better than holding requests.
  state: 'lossy-cache',
  start(ctx, state) {
    let policy = createPolicy(ctx.config, state);
    const requests = ctx.metrics.counter('antiabuse_requests_total', {
      help: 'Requests that were judged, by budget and verdict.',
      labels: ['budget', 'verdict'],
    });
    ctx.http.onRequest({ paths: ['/pks/*'], priority: 10 }, (head, info) => {
      const budget = budgetOf(head);
      const client = findClient(info.client.address, head.headers.get('x-forwarded-for'), policy.trusted);
      if (client && policy.allowed.has(client)) return requests.add(1, { budget, verdict: 'exempt' });
      const name = nameOf(client);
      const decision = policy.windows[budget].take(name, policy.config[budget], ctx.clock.now());
      requests.add(1, { budget, verdict: decision.isAllowed ? 'allowed' : 'refused' });
      if (!decision.isAllowed) return refuse(ctx, { client: name, budget }, decision);
    });
    return {
      exportState: () => exportState(policy),
      configure: (next) => {
        policy = createPolicy(next, exportState(policy));
      },
    };
  },
});

/** Counts of another window's length say nothing about this one. */
function createPolicy(config: Config, given: State | undefined): Policy {
  const { windowSeconds, maxClients } = config;
  const state = given?.windowSeconds === windowSeconds ? given : undefined;
  const createWindow = (budget: Budget) =>
    new SlidingWindow({ windowMs: windowSeconds * 1000, maxClients }, state?.[budget]);
  return {
    config,
    allowed: new AddressSet(config.allow, 'allow'),
    trusted: new AddressSet(config.trustedProxies, 'trustedProxies'),
    windows: { lookups: createWindow('lookups'), adds: createWindow('adds') },
  };
}

function exportState({ config: { windowSeconds }, windows }: Policy): State {
  return { windowSeconds, lookups: windows.lookups.exportState(), adds: windows.adds.exportState() };
}

function budgetOf({ method }: RequestHead): Budget {
  return method === 'GET' || method === 'HEAD' ? 'lookups' : 'adds';
}

async function refuse(
  ctx: PluginContext<Config>,
  violation: { readonly client: string; readonly budget: Budget },
  { retryAfterMs, isFirst }: Refusal,
): Promise<Response> {
  // Once a client and window: a flood of requests must not become a flood of events.
  if (isFirst) {
    ctx.log.warn(violation, 'refused a client that went over its budget');
    await ctx.events.emit('antiabuse.violation', violation);
  }
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  return new Response(`Too many ${violation.budget}; try again in ${seconds} s.\n`, {
    status: 429,
    headers: { 'retry-after': String(seconds), 'content-type': 'text/plain; charset=utf-8' },
  });
}
