import type { Check, LingeringGeneration } from './diagnosis.ts';
import type { LeakedGeneration, LeakReport } from './leak-search.ts';
import type { PluginStatus, RuntimeStatus, StuckThread } from '../status.ts';

/** What is known of a runtime. */
export interface RuntimeFacts {
  readonly status: RuntimeStatus;
  readonly stuck: readonly StuckThread[];
  readonly lingering: readonly LingeringGeneration[];
  readonly leaks: LeakReport | undefined;
  readonly now: number;
}

/** Of one plugin so many may wait for the collector, and so long, before a search is advised. */
const manyLingering = 10;
const longLingeringMs = 10 * 60_000;

/** What to say of the plugins and the memory of a runtime. */
export function judgeRuntime(facts: RuntimeFacts): readonly Check[] {
  const { status, stuck } = facts;
  return [
    ...status.notices.map((notice): Check => ({ ...noticed, message: notice })),
    ...status.plugins.flatMap(judgePlugin),
    ...stuck.map(stuckThread),
    ...(facts.leaks === undefined ? lingeringChecks(facts) : leakChecks(facts.leaks)),
    ...separateMemory(status.plugins),
  ];
}

const noticed = {
  area: 'server',
  id: 'notice',
  level: 'warning',
  action: 'change the setting that it names, unless it is meant so',
} as const;

function judgePlugin(plugin: PluginStatus): readonly Check[] {
  const { name, state, reason, missingLayers, health, breaker, isolation, recovery } = plugin;
  const about = { area: 'plugins', plugin: name } as const;
  const checks: Check[] = [];
  if (state === 'failed') {
    const word = recovery?.quarantined === true ? 'is quarantined after too many restarts' : 'has failed';
    const message = `${name} ${word}: ${reason?.message ?? 'no reason was given'}`;
    const action = `mend it and run "hotswap plugin restart ${name}", or disable it`;
    checks.push({ ...about, id: 'plugin-state', level: 'problem', message, action });
  } else {
    const why = reason === undefined ? '' : `: ${reason.message}`;
    checks.push({ ...about, id: 'plugin-state', level: 'ok', message: `${name} is ${state}${why}` });
  }
  if (state !== 'failed' && health.status === 'unhealthy') {
    const message = `${name} says it is unhealthy: ${health.reason ?? 'no reason was given'}`;
    const action = `look at its log, or go back with "hotswap plugin rollback ${name}"`;
    checks.push({ ...about, id: 'plugin-health', level: 'warning', message, action });
  }
  if (breaker === 'open') {
    const message = `${name} gets no calls: too many of them failed`;
    checks.push({ ...about, id: 'plugin-breaker', level: 'warning', message, action: 'look at its log for why' });
  }
  if (missingLayers.length > 0) checks.push({ ...about, ...missingLayersCheck(isolation, missingLayers) });
  return checks;
}

/** What a level never has is no finding; what this host takes away from one is. */
function missingLayersCheck(isolation: PluginStatus['isolation'], layers: readonly string[]) {
  const id = 'isolation-layers';
  if (isolation === 'none' || isolation === 'basic' || isolation === 'strict') {
    const message = `isolation ${isolation}, which does not confine: ${layers.join(', ')}`;
    return { id, level: 'ok', message } as const;
  }
  const message = `isolation ${isolation} without ${layers.join(', ')}: this host does not have it`;
  return { id, level: 'warning', message, action: 'run it on a host that has' } as const;
}

function stuckThread({ plugin, generation, reason }: StuckThread): Check {
  const whose = plugin === '' ? 'a spare thread' : `the thread of ${plugin}, generation ${generation},`;
  return {
    area: 'plugins',
    id: 'stuck-thread',
    level: 'problem',
    ...(plugin !== '' && { plugin }),
    message: `${whose} cannot be ended and goes on using a core and memory: ${reason}`,
    action: 'restart the server when that can be afforded, and mend the plugin: a loop without a pause does this',
  };
}

function lingeringChecks({ lingering, now }: RuntimeFacts): readonly Check[] {
  const checks: Check[] = [];
  for (const [plugin, ended] of Map.groupBy(lingering, (one) => one.plugin)) {
    const old = ended.filter(({ endedAt }) => now - endedAt >= longLingeringMs).length;
    const isMany = old >= manyLingering;
    const message = `${ended.length} ended ${ended.length === 1 ? 'generation' : 'generations'} of ${plugin} not collected yet`;
    const action = 'find out whether something keeps them: hotswap doctor --leaks';
    checks.push({
      area: 'memory',
      id: 'lingering-generations',
      plugin,
      level: isMany ? 'warning' : 'ok',
      message: isMany ? `${message}, ${old} of them for over ten minutes` : `${message}, as is usual`,
      ...(isMany && { action }),
    });
  }
  if (checks.length > 0) return checks;
  return [{ area: 'memory', id: 'lingering-generations', level: 'ok', message: 'no ended generation is in memory' }];
}

function leakChecks({ leaked, suspects }: LeakReport): readonly Check[] {
  if (leaked.length === 0) {
    const message = `nothing keeps an ended generation in memory (${suspects} looked for in the heap)`;
    return [{ area: 'memory', id: 'leaked-generations', level: 'ok', message }];
  }
  return [...Map.groupBy(leaked, ({ plugin }) => plugin)].map(([plugin, ofPlugin]) => leakedPlugin(plugin, ofPlugin));
}

function leakedPlugin(plugin: string, leaked: readonly LeakedGeneration[]): Check {
  const reasons = [...new Set(leaked.flatMap(({ reasons: found }) => found.map(({ text }) => text)))];
  const more = reasons.length > 1 ? `, and ${reasons.length - 1} more` : '';
  const numbers = leaked.map(({ generation }) => generation);
  const which = numbers.length === 1 ? `generation ${numbers[0]}` : `generations ${shortened(numbers)}`;
  return {
    area: 'memory',
    id: 'leaked-generations',
    plugin,
    level: 'problem',
    message: `${which} of ${plugin} cannot be collected: kept by ${reasons[0] ?? 'nothing known'}${more}`,
    action: 'end it in the stop of the plugin, or begin it through ctx or the plain globals, which do so',
  };
}

const mostNumbers = 5;

function shortened(numbers: readonly number[]): string {
  const shown = numbers.slice(0, mostNumbers).join(', ');
  return numbers.length > mostNumbers ? `${shown} and ${numbers.length - mostNumbers} more` : shown;
}

/** What runs elsewhere cannot leak here. */
function separateMemory(plugins: readonly PluginStatus[]): readonly Check[] {
  const names = plugins
    .filter(({ isolation }) => isolation !== 'none' && isolation !== 'basic')
    .map(({ name }) => name);
  if (names.length === 0) return [];
  const message = `the memory of ${names.join(', ')} goes with its thread or process, whatever the code keeps`;
  return [{ area: 'memory', id: 'separate-memory', level: 'ok', message }];
}
