import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One plugin of the soak: answers `GET /NAME` with `ok NAME`, if it does. */
export interface SoakPlugin {
  readonly name: string;
  readonly isHealthy: boolean;
  readonly manifest: Readonly<Record<string, unknown>>;
  /** The body of `start`. */
  readonly start: string;
}

/** What shall happen often enough within a minute to be seen. */
const recovery = {
  maxAttempts: 4,
  within: '10s',
  backoff: { strategy: 'exponential', from: '50ms', to: '500ms' },
  breaker: { failureRate: 0.5, minimumCalls: 10, window: '2s', openFor: '500ms', probes: 2 },
  faults: { errors: 5, timeouts: 3, within: '5s' },
};
const limits = { callTimeout: '150ms' };

const answers = (name: string): string => `ctx.http.get('/${name}', () => new Response('ok ${name}'));`;

/** True in every other span of time: a fault that comes and goes, at every generation. */
const inTurns = (ms: number): string => `Math.floor(Date.now() / ${ms}) % 2 === 1`;

export const soakPlugins: readonly SoakPlugin[] = [
  { name: 'plain', isHealthy: true, manifest: {}, start: answers('plain') },
  {
    name: 'waiting',
    isHealthy: true,
    manifest: {},
    start: `ctx.http.get('/waiting', async () => { await ctx.clock.sleep(5); return new Response('ok waiting'); });`,
  },
  {
    name: 'gatekeeper',
    isHealthy: true,
    manifest: { kinds: ['middleware'] },
    start: `ctx.http.use({ paths: ['/*'] }, (request, next) => next(request)); ${answers('gatekeeper')}`,
  },
  { name: 'threaded', isHealthy: true, manifest: { isolation: 'strict' }, start: answers('threaded') },
  { name: 'alone', isHealthy: true, manifest: { swap: 'exclusive' }, start: answers('alone') },
  {
    name: 'thrower',
    isHealthy: false,
    manifest: { recovery },
    start: `ctx.http.get('/thrower', () => { if (${inTurns(2_000)}) throw new Error('as planned'); return new Response('ok thrower'); });`,
  },
  {
    name: 'hanger',
    isHealthy: false,
    manifest: { recovery, limits },
    start: `ctx.http.get('/hanger', () => ${inTurns(3_000)} ? new Promise(() => {}) : new Response('ok hanger'));`,
  },
  {
    name: 'sick',
    isHealthy: false,
    manifest: { recovery, health: { interval: '200ms' } },
    start: `${answers('sick')} return { health: () => (${inTurns(4_000)} ? 'unhealthy' : 'healthy') };`,
  },
  {
    name: 'stumbler',
    isHealthy: false,
    manifest: { recovery },
    start: `${answers('stumbler')} setTimeout(() => { for (let n = 0; n < 6; n++) setTimeout(() => { throw new Error('as planned'); }, 1); }, 1_500);`,
  },
  {
    name: 'looper',
    isHealthy: false,
    manifest: { isolation: 'strict', recovery, limits },
    start: `let calls = 0; ctx.http.get('/looper', () => { if (++calls > 150) for (;;); return new Response('ok looper'); });`,
  },
  {
    name: 'leaker',
    isHealthy: false,
    manifest: { isolation: 'strict', recovery, limits: { maxMemoryMB: 48 } },
    start: `const kept = []; ctx.http.get('/leaker', () => { kept.push(new Array(20_000).fill(0.5)); return new Response('ok leaker'); });`,
  },
  {
    name: 'stubborn',
    isHealthy: false,
    manifest: { recovery: { ...recovery, maxAttempts: 2, fallback: ['restart', 'static-response'] }, limits },
    start: `if (${inTurns(5_000)}) throw new Error('as planned'); ctx.http.get('/stubborn', () => ${inTurns(2_500)} ? new Promise(() => {}) : new Response('ok stubborn'));`,
  },
];

/** A version of a healthy plugin that never starts: swaps to it are refused, and nobody notices. */
export const failingStart = "throw new Error('as planned');";

/** Writes a plugin, or another version of it. @returns its folder */
export function writeSoakPlugin(folder: string, plugin: SoakPlugin, start = plugin.start): string {
  const { name, manifest: hotswap } = plugin;
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  const manifest = {
    name,
    version: '1.0.0',
    type: 'module',
    main: './index.js',
    engines: { hotswap: '^1.0.0' },
    hotswap,
  };
  writeFileSync(join(path, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(path, 'index.js'), `export default { start(ctx) { ${start} } };\n`);
  return path;
}
