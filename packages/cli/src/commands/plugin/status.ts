import type { PluginDetails, SystemStatus } from '../../client/management-answers.ts';
import { formatAge } from '../../output/durations.ts';
import { formatReason } from '../../output/report-text.ts';
import { formatFacts } from '../../output/table.ts';
import { usageFacts } from '../../output/usage-text.ts';
import type { Paper, Verb } from '../../verb.ts';
import { nameArgument, nameOption } from './arguments.ts';
import type { NameOption } from './arguments.ts';
import { colourHealth, colourState } from './list.ts';

/** Of one plugin, or of the whole server. */
type StatusResult = PluginDetails | SystemStatus;

/** `hotswap plugin status`. Without a name it is the status of the server. */
export const status: Verb<NameOption, StatusResult> = {
  name: 'status',
  summary: 'show everything about one plugin, or the server when no plugin is named',
  arguments: [nameArgument],
  options: [nameOption],
  examples: ['hotswap plugin status', 'hotswap plugin status greeter', 'hotswap plugin status greeter --json'],
  async run(call) {
    const name = call.args[0] ?? call.options.name;
    const client = await call.connect();
    return name === undefined ? client.status() : client.plugin(name);
  },
  print: (result, paper) => ('plugin_system' in result ? printSystem(result, paper) : printPlugin(result, paper)),
};

function printSystem(
  { plugin_system: system, health_status: health, uptime, notices }: SystemStatus,
  paper: Paper,
): string {
  const { style } = paper;
  const facts = formatFacts(
    [
      ['plugins', `${system.active_plugins} of ${system.total_plugins} active`],
      ['health', health.overall_status],
      ['requests', `${system.active_requests} in progress`],
      ['folder', system.plugin_dir],
      ['uptime', uptime],
      ['enabled', system.enabled ? undefined : 'no: plugins are switched off in the config'],
    ],
    style,
  );
  return [facts, ...(notices ?? []).map((notice) => `${style.caution('notice:')} ${notice}`)].join('\n');
}

function printPlugin(plugin: PluginDetails, { style, now }: Paper): string {
  const age = (seconds: number | undefined) => (seconds === undefined ? undefined : formatAge(seconds * 1_000, now));
  const { health, reason } = plugin;
  return formatFacts(
    [
      ['plugin', style.bold(plugin.name)],
      ['state', colourState(plugin.state, style)],
      ['reason', reason ? formatReason(reason, style) : undefined],
      ['version', plugin.version ?? undefined],
      ['generation', plugin.generation?.toString()],
      ['also alive', othersOf(plugin)],
      ['health', health && `${colourHealth(health.status, style)}, checked ${age(health.last_check) ?? 'never'}`],
      ['breaker', breakerOf(plugin)],
      ['recovery', recoveryOf(plugin, now)],
      ['isolation', isolationOf(plugin)],
      ...(plugin.usage ? usageFacts(plugin.usage) : []),
      ['signed by', plugin.signer === null ? 'nobody' : plugin.signer?.name],
      ['loaded', age(plugin.load_time)],
      [
        'reloaded',
        plugin.reload_count ? `${plugin.reload_count} times, last ${age(plugin.last_reload) ?? ''}` : undefined,
      ],
      ['requests', (plugin.active_requests ?? health?.checks.active_requests)?.toString()],
      ['websocket', webSocketsOf(plugin)],
      ['needs', plugin.dependencies?.join(', ')],
      ['needed by', plugin.dependents?.join(', ')],
      ['handlers', plugin.handlers?.join('\n'.padEnd(indentWidth))],
      ['tasks', plugin.tasks?.join(', ')],
      [
        'resources',
        Object.entries(plugin.resources ?? {})
          .map(([kind, count]) => `${count} ${kind}`)
          .join(', '),
      ],
      ['state kept', savedStateOf(plugin, now)],
      [
        'ways back',
        plugin.snapshots?.map(({ generation, version }) => `generation ${generation} (${version})`).join(', '),
      ],
    ],
    style,
  );
}

/** Width of the longest fact's name and the gap after it, so that further lines stand under the first. */
const indentWidth = '\n'.length + 'generation'.length + 2;

function othersOf({ generation, generations = [] }: PluginDetails): string {
  const others = generations.filter(({ number }) => number !== generation);
  return others.map(({ number, version, state }) => `generation ${number} (${version}, ${state})`).join(', ');
}

/** Said only when it matters: a closed breaker is as it should be. */
function breakerOf({ breaker }: PluginDetails): string | undefined {
  if (breaker === 'open') return 'open: too many calls failed, the plugin gets none for a while';
  return breaker === 'half-open' ? 'half-open: one call at a time is let through' : undefined;
}

function recoveryOf({ name, recovery }: PluginDetails, now: number): string | undefined {
  if (!recovery) return undefined;
  const { attempts, next_attempt: next, quarantined, operation_id: id, policy } = recovery;
  if (quarantined) return `given up; repair it, then hotswap plugin restart ${name}`;
  if (attempts === 0 && next === null && id === null) return undefined;
  const inSeconds = next === null ? undefined : Math.max(0, Math.ceil(next - now / 1_000));
  const parts = [
    attempts === 1 ? '1 restart' : `${attempts} restarts`,
    inSeconds === undefined ? undefined : `the next in ${inSeconds} s`,
    `meanwhile failure policy ${policy}`,
    id === null ? undefined : `operation_id ${id} in the log`,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

function savedStateOf({ saved_state: saved }: PluginDetails, now: number): string | undefined {
  if (!saved) return undefined;
  const { saved_at: at, size_bytes: size, problem } = saved;
  const last = at === null ? 'never' : `${formatAge(at * 1_000, now)}, ${size} bytes`;
  return problem ? `${last}; not safe since then: ${problem.message} (${problem.code})` : last;
}

function webSocketsOf({ websocket, connections = 0 }: PluginDetails): string | undefined {
  if (websocket === 'unavailable') return 'unavailable: no server hands its upgrades over';
  return websocket === 'available' ? `${connections} ${connections === 1 ? 'connection' : 'connections'}` : undefined;
}

function isolationOf({ isolation, missing_layers: missing = [] }: PluginDetails): string | undefined {
  return missing.length > 0 ? `${isolation} without ${missing.join(', ')}` : isolation;
}
