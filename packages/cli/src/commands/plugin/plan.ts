import type { Operation, Plan } from '@hotswap/runtime';
import { fail } from '../../errors.ts';
import { exitCodeOfKind, exitSuccess } from '../../exit-codes.ts';
import { formatPlan } from '../../output/plan-text.ts';
import type { Verb } from '../../verb.ts';
import { pathOption, sourceOf } from './arguments.ts';
import type { PathOption } from './arguments.ts';

const operations: readonly Operation[] = [
  'load',
  'unload',
  'reload',
  'swap',
  'configure',
  'enable',
  'disable',
  'restart',
  'rollback',
];

interface PlanOptions extends PathOption {
  readonly cascade?: boolean;
}

/** `hotswap plugin plan`: looks before anyone leaps; changes nothing. */
export const plan: Verb<PlanOptions, Plan> = {
  name: 'plan',
  summary: 'show what a change would touch, and change nothing',
  arguments: [
    ['<operation>', operations.join(', ')],
    ['<plugin>', 'name of the plugin'],
    ['[source]', 'for load and swap: folder, file or archive'],
  ],
  options: [pathOption, ['--cascade', 'for unload: with the plugins that depend on it']],
  examples: ['hotswap plugin plan unload geo --cascade', 'hotswap plugin plan swap greeter ./greeter-2.0.0.tgz'],
  async run(call) {
    const [word = '', plugin = '', positional] = call.args;
    const operation = operations.find((known) => known === word);
    if (!operation) {
      const problem = `"${word}" is no operation, they are ${operations.join(', ')}`;
      throw fail('USAGE_INVALID', { problem, help: `${call.command} --help` });
    }
    const pluginPath = sourceOf(call, positional);
    const { cascade } = call.options;
    const client = await call.connect();
    return client.plan({ operation, plugin, ...(pluginPath && { pluginPath }), ...(cascade && { cascade }) });
  },
  print: (result, { style }) => formatPlan(result, style),
  exitCode: ({ problems }) => (problems.length > 0 ? exitCodeOfKind({ kind: 'conflict' }) : exitSuccess),
};
