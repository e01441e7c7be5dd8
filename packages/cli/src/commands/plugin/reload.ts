import type { Verb } from '../../verb.ts';
import { nameArgument, nameOption, pluginNameOf, sourceOf } from './arguments.ts';
import type { NameOption, PathOption } from './arguments.ts';
import { change, changeExitCode, printChange, watchOption } from './change.ts';
import type { ChangeResult, WatchOption } from './change.ts';

/** `hotswap plugin reload`. With `--path` it is a swap, as in the older spelling. */
export const reload: Verb<NameOption & PathOption & WatchOption, ChangeResult> = {
  name: 'reload',
  summary: 'load the same source again as a new generation',
  arguments: [nameArgument],
  options: [nameOption, ['--path <source>', 'load this source instead: the same as swap'], watchOption],
  examples: ['hotswap plugin reload greeter', 'hotswap plugin reload --name=greeter --path=./greeter-2.0.0.tgz'],
  run(call) {
    const plugin = pluginNameOf(call);
    const pluginPath = sourceOf(call, undefined);
    return change(call, {
      plugin,
      doing: 'reloading',
      isWatched: call.options.watch,
      send: (client) => (pluginPath === undefined ? client.reload(plugin) : client.swap(plugin, { pluginPath })),
    });
  },
  print: printChange,
  exitCode: changeExitCode,
};
