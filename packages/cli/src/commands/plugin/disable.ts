import type { Verb } from '../../verb.ts';
import { nameArgument, nameOption, pluginNameOf } from './arguments.ts';
import type { NameOption } from './arguments.ts';
import { change, changeExitCode, printChange, watchOption } from './change.ts';
import type { ChangeResult, WatchOption } from './change.ts';

/** `hotswap plugin disable`. */
export const disable: Verb<NameOption & WatchOption, ChangeResult> = {
  name: 'disable',
  summary: 'stop a plugin and keep it installed',
  arguments: [nameArgument],
  options: [nameOption, watchOption],
  examples: ['hotswap plugin disable greeter'],
  run(call) {
    const plugin = pluginNameOf(call);
    return change(call, {
      plugin,
      doing: 'disabling',
      isWatched: call.options.watch,
      send: (client) => client.disable(plugin),
    });
  },
  print: printChange,
  exitCode: changeExitCode,
};
