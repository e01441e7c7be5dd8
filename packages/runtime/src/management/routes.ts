// Which endpoint a path and a method name. Pure: nothing here looks at a plugin.
import type { Permission } from './guard.ts';

export type Method = 'GET' | 'POST' | 'PUT';

export type EndpointName =
  | 'status'
  | 'list'
  | 'health'
  | 'plugin'
  | 'history'
  | 'read-config'
  | 'liveness'
  | 'readiness'
  | 'overall-health'
  | 'plugin-health'
  | 'metrics'
  | 'doctor'
  | 'doctor-search'
  | 'reload-gracefully'
  | 'write-config'
  | 'load'
  | 'plan'
  | Verb;

/** What may be done to one plugin by `POST /plugins/{name}/{verb}`. */
export type Verb = 'reload' | 'swap' | 'unload' | 'rollback' | 'promote' | 'restart' | 'enable' | 'disable';

/** `open` endpoints say nothing worth guarding, and are asked by probes that can't sign in. */
export type Access = Permission | 'open';

export interface MatchedPath {
  /** Empty for a path that belongs to management but names nothing. */
  readonly methods: Readonly<Partial<Record<Method, EndpointName>>>;
  /** From the path, decoded, not yet known to exist. */
  readonly plugin?: string;
}

const fixedPaths: Readonly<Record<string, MatchedPath['methods']>> = {
  '/livez': { GET: 'liveness' },
  '/readyz': { GET: 'readiness' },
  '/metrics': { GET: 'metrics' },
  '/health': { GET: 'overall-health' },
  '/health/liveness': { GET: 'liveness' },
  '/health/readiness': { GET: 'readiness' },
  '/plugins/status': { GET: 'status' },
  '/plugins/list': { GET: 'list' },
  '/plugins/health': { GET: 'health' },
  '/plugins/config': { GET: 'read-config', PUT: 'write-config' },
  '/plugins/reload': { POST: 'reload-gracefully' },
  '/plugins/load': { POST: 'load' },
  '/plugins/plan': { POST: 'plan' },
  '/plugins/doctor': { GET: 'doctor', POST: 'doctor-search' },
};

const verbs: readonly string[] = [
  'reload',
  'swap',
  'unload',
  'rollback',
  'promote',
  'restart',
  'enable',
  'disable',
] satisfies readonly Verb[];

/** The permission behind each endpoint. A swap is a reload from elsewhere. */
export const accessOf: Readonly<Record<EndpointName, Access>> = {
  liveness: 'open',
  readiness: 'open',
  'overall-health': 'open',
  'plugin-health': 'open',
  metrics: 'plugin:read',
  doctor: 'plugin:read',
  'doctor-search': 'plugin:doctor',
  status: 'plugin:read',
  list: 'plugin:read',
  health: 'plugin:read',
  plugin: 'plugin:read',
  history: 'plugin:read',
  'read-config': 'plugin:read',
  plan: 'plugin:read',
  'write-config': 'plugin:config',
  load: 'plugin:load',
  'reload-gracefully': 'plugin:reload',
  reload: 'plugin:reload',
  swap: 'plugin:reload',
  unload: 'plugin:unload',
  rollback: 'plugin:rollback',
  promote: 'plugin:promote',
  restart: 'plugin:restart',
  enable: 'plugin:enable',
  disable: 'plugin:disable',
};

/** `undefined` for a path that is none of management's. All below `/plugins` is, so that no plugin can stand there. */
export function matchPath(path: string): MatchedPath | undefined {
  const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  if (Object.hasOwn(fixedPaths, plain)) return { methods: fixedPaths[plain] ?? {} };
  const [, area, ...encoded] = plain.split('/');
  if (area === 'plugins') return matchPlugin(decodeSegments(encoded));
  if (area === 'health' && encoded.length > 0) return matchHealth(decodeSegments(encoded));
  return undefined;
}

function matchPlugin(segments: readonly string[]): MatchedPath {
  const [plugin, verb, ...rest] = joinScope(segments);
  if (!plugin || rest.length > 0) return { methods: {} };
  if (verb === undefined) return { methods: { GET: 'plugin' }, plugin };
  if (verb === 'history') return { methods: { GET: 'history' }, plugin };
  return isVerb(verb) ? { methods: { POST: verb }, plugin } : { methods: {} };
}

/** Deeper paths than a plugin's name are left to the host. */
function matchHealth(segments: readonly string[]): MatchedPath | undefined {
  const [plugin, ...rest] = joinScope(segments);
  return plugin && rest.length === 0 ? { methods: { GET: 'plugin-health' }, plugin } : undefined;
}

/** `@scope%2Fname`, and `@scope/name` for proxies that decode on the way. */
function joinScope(segments: readonly string[]): readonly string[] {
  const [scope, name, ...rest] = segments;
  const isSplit = scope?.startsWith('@') && !scope.includes('/') && name !== undefined;
  return isSplit ? [`${scope}/${name}`, ...rest] : segments;
}

/** A segment that can't be decoded stands for itself: no plugin has such a name. */
function decodeSegments(segments: readonly string[]): readonly string[] {
  return segments.map((segment) => {
    try {
      return decodeURIComponent(segment);
    } catch {
      return segment;
    }
  });
}

function isVerb(word: string): word is Verb {
  return verbs.includes(word);
}
