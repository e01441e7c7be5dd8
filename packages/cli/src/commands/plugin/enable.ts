import type { Verb } from '../../verb.ts';
import { nameArgument, nameOption, pluginNameOf } from './arguments.ts';
import type { NameOption } from './arguments.ts';
import { change, changeExitCode, printChange, watchOption } from './change.ts';
import type { ChangeResult, WatchOption } from './change.ts';

/** `hotswap plugin enable`. */
export const enable: Verb<NameOption & WatchOption, ChangeResult> = {
  name: 'enable',
  summary: 'let a disabled plugin serve again',
  arguments: [nameArgument],
  options: [nameOption, watchOption],
  examples: ['hotswap plugin enable greeter'],
  run(call) {
    const plugin = pluginNameOf(call);
    return change(call, {
      plugin,
      doing: 'enabling',
      isWatched: call.options.watch,
      send: (client) => client.enable(plugin),
    });
  },
  print: printChange,
  exitCode: changeExitCode,
};
