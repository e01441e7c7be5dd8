import type { Verb } from '../../verb.ts';
import { nameArgument, nameOption, pluginNameOf } from './arguments.ts';
import type { NameOption } from './arguments.ts';
import { change, changeExitCode, printChange, reasonOption, watchOption } from './change.ts';
import type { ChangeResult, ReasonOption, WatchOption } from './change.ts';

interface RollbackOptions extends NameOption, ReasonOption, WatchOption {
  readonly force?: boolean;
}

const forceOption = ['--force', 'also where its state has no way back: what was written since is lost'] as const;

/** `hotswap plugin rollback`. */
export const rollback: Verb<RollbackOptions, ChangeResult> = {
  name: 'rollback',
  summary: 'go back to the version before this one',
  arguments: [nameArgument],
  options: [nameOption, forceOption, reasonOption, watchOption],
  examples: ['hotswap plugin rollback greeter', 'hotswap plugin rollback counter --force --reason "wrong totals"'],
  run(call) {
    const plugin = pluginNameOf(call);
    const { force, reason, watch } = call.options;
    return change(call, {
      plugin,
      doing: 'rolling back',
      isWatched: watch,
      send: (client) => client.rollback(plugin, { force, reason }),
    });
  },
  print: printChange,
  exitCode: changeExitCode,
};
