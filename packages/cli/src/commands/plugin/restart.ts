import type { Verb } from '../../verb.ts';
import { nameArgument, nameOption, pluginNameOf } from './arguments.ts';
import type { NameOption } from './arguments.ts';
import { change, changeExitCode, printChange, watchOption } from './change.ts';
import type { ChangeResult, WatchOption } from './change.ts';

/** `hotswap plugin restart`. */
export const restart: Verb<NameOption & WatchOption, ChangeResult> = {
  name: 'restart',
  summary: 'start a new generation of what is loaded, also after a failure',
  arguments: [nameArgument],
  options: [nameOption, watchOption],
  examples: ['hotswap plugin restart greeter'],
  run(call) {
    const plugin = pluginNameOf(call);
    return change(call, {
      plugin,
      doing: 'restarting',
      isWatched: call.options.watch,
      send: (client) => client.restart(plugin),
    });
  },
  print: printChange,
  exitCode: changeExitCode,
};
