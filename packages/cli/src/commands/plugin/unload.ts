import type { Plan } from '@hotswap/runtime';
import { fail } from '../../errors.ts';
import { formatPlan } from '../../output/plan-text.ts';
import { createStyle } from '../../output/style.ts';
import type { Call, Verb } from '../../verb.ts';
import { nameArgument, nameOption, pluginNameOf } from './arguments.ts';
import type { NameOption } from './arguments.ts';
import { change, changeExitCode, printChange } from './change.ts';
import type { ChangeResult } from './change.ts';

interface UnloadOptions extends NameOption {
  readonly cascade?: boolean;
  readonly yes?: boolean;
}

/** `hotswap plugin unload`. A cascade shows its plan first and needs `--yes`. */
export const unload: Verb<UnloadOptions, ChangeResult> = {
  name: 'unload',
  summary: 'drain a plugin and take it out',
  arguments: [nameArgument],
  options: [
    nameOption,
    ['--cascade', 'also unload the plugins that depend on it, after showing which'],
    ['--yes', 'do what the plan of --cascade shows'],
  ],
  examples: ['hotswap plugin unload greeter', 'hotswap plugin unload geo --cascade --yes'],
  async run(call) {
    const plugin = pluginNameOf(call);
    const { cascade = false, yes = false } = call.options;
    if (cascade) await confirmPlan(call, { plugin, isConfirmed: yes });
    return change(call, { plugin, doing: 'unloading', send: (client) => client.unload(plugin, { cascade }) });
  },
  print: printChange,
  exitCode: changeExitCode,
};

interface Confirmation {
  readonly plugin: string;
  readonly isConfirmed: boolean;
}

/** @throws CONFIRMATION_NEEDED when others would go too and nobody said yes */
async function confirmPlan(call: Call<UnloadOptions>, { plugin, isConfirmed }: Confirmation): Promise<void> {
  const client = await call.connect();
  const plan = await client.plan({ operation: 'unload', plugin, cascade: true });
  const dependents = dependentsIn(plan);
  if (dependents.length === 0) return;
  if (!call.options.json) call.terminal.stderr.write(`${formatPlan(plan, createStyle(call.terminal.stderr))}\n`);
  if (!isConfirmed) throw fail('CONFIRMATION_NEEDED', { plugin, dependents: dependents.join(', '), plan });
}

function dependentsIn(plan: Plan): readonly string[] {
  return plan.steps.map((step) => step.plugin).filter((plugin) => plugin !== plan.plugin);
}
