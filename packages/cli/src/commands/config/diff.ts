import type { ConfigOverride } from '@hotswap/runtime';
import { formatAge } from '../../output/durations.ts';
import type { Paper, Verb } from '../../verb.ts';
import { configFileOption, readServerConfig } from './server-config.ts';
import type { ConfigFileOptions } from './server-config.ts';

interface DiffOptions extends ConfigFileOptions {
  readonly values?: boolean;
}

/** A difference as it is shown: the values of a plugin's own config may be secret, so they come when asked for. */
type Difference = Omit<ConfigOverride, 'inFile' | 'wanted'> & Partial<Pick<ConfigOverride, 'inFile' | 'wanted'>>;

interface DiffResult {
  readonly file: string;
  readonly differences: readonly Difference[];
}

/** `hotswap config diff`: what operators have set otherwise than the file has it. */
export const diff: Verb<DiffOptions, DiffResult> = {
  name: 'diff',
  summary: 'show what operators have set otherwise than the config file',
  options: [configFileOption, ['--values', "show values of plugins' own config, which may be secret"]],
  examples: ['hotswap config diff', 'hotswap config diff --config /etc/hotswap/hotswap.toml --values'],
  async run(call) {
    const { file, overrides } = await readServerConfig(call);
    return { file, differences: call.options.values ? overrides : overrides.map(withoutSecrets) };
  },
  print: ({ file, differences }, paper) =>
    differences.length === 0
      ? `nobody has set anything that ${file} has otherwise`
      : formatDifferences(differences, paper),
};

function withoutSecrets(override: ConfigOverride): Difference {
  if (!override.key.startsWith('config.')) return override;
  const { inFile: _, wanted: __, ...rest } = override;
  return rest;
}

function formatDifferences(differences: readonly Difference[], paper: Paper): string {
  const byPlugin = Map.groupBy(differences, ({ plugin }) => plugin);
  return [...byPlugin].map(([plugin, ofPlugin]) => formatPlugin(plugin, ofPlugin, paper)).join('\n');
}

function formatPlugin(plugin: string, differences: readonly Difference[], { style, now }: Paper): string {
  const [{ at, actor, reason } = { at: now }] = differences;
  const who = [formatAge(at, now), actor === undefined ? '' : `by ${actor}`, reason ?? ''].filter(Boolean).join(', ');
  const lines = differences.map((difference) => `  ${difference.key}${valuesOf(difference)}`);
  return [`${style.bold(plugin)}  ${style.dim(who)}`, ...lines].join('\n');
}

function valuesOf(difference: Difference): string {
  if (!('wanted' in difference)) return '';
  const [inFile, wanted] = [difference.inFile, difference.wanted].map((value) => JSON.stringify(value) ?? 'nothing');
  return `: ${inFile} in the file, ${wanted} wanted`;
}
