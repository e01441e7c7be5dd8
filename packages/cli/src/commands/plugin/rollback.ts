import type { Verb } from '../../verb.ts';
import { nameArgument, nameOption, pluginNameOf } from './arguments.ts';
import type { NameOption } from './arguments.ts';
import { change, changeExitCode, printChange, watchOption } from './change.ts';
import type { ChangeResult, WatchOption } from './change.ts';

/** `hotswap plugin rollback`. */
export const rollback: Verb<NameOption & WatchOption, ChangeResult> = {
  name: 'rollback',
  summary: 'go back to the version before this one',
  arguments: [nameArgument],
  options: [nameOption, watchOption],
  examples: ['hotswap plugin rollback greeter'],
  run(call) {
    const plugin = pluginNameOf(call);
    return change(call, {
      plugin,
      doing: 'rolling back',
      isWatched: call.options.watch,
      send: (client) => client.rollback(plugin),
    });
  },
  print: printChange,
  exitCode: changeExitCode,
};
