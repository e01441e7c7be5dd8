import { fail } from '../../errors.ts';
import type { Call, Verb } from '../../verb.ts';
import { nameArgument, nameOption, pluginNameOf } from './arguments.ts';
import type { NameOption } from './arguments.ts';
import { change, changeExitCode, printChange, reasonOption, watchOption } from './change.ts';
import type { ChangeResult, ReasonOption, WatchOption } from './change.ts';

interface PromoteOptions extends NameOption, ReasonOption, WatchOption {}

/** `hotswap plugin promote`. Which levels there are is the server's to say. */
export const promote: Verb<PromoteOptions, ChangeResult> = {
  name: 'promote',
  summary: 'move a plugin to another isolation level, with its state and without dropping a request',
  arguments: [nameArgument, ['[isolation]', 'none, basic or strict']],
  options: [nameOption, reasonOption, watchOption],
  examples: [
    'hotswap plugin promote greeter strict',
    'hotswap plugin promote greeter basic --reason "trusted by now" --watch',
  ],
  run(call) {
    const { plugin, isolation } = splitArguments(call);
    const { reason, watch } = call.options;
    return change(call, {
      plugin,
      doing: 'promoting',
      isWatched: watch,
      send: (client) => client.promote(plugin, { isolation, reason }),
    });
  },
  print: printChange,
  exitCode: changeExitCode,
};

/** With `--name`, the first argument is the level. */
function splitArguments(call: Call<PromoteOptions>): { readonly plugin: string; readonly isolation: string } {
  const [first, second] = call.args;
  const { name } = call.options;
  if (name !== undefined && first !== undefined && second === undefined) return { plugin: name, isolation: first };
  const plugin = pluginNameOf(call);
  if (second !== undefined) return { plugin, isolation: second };
  throw fail('ARGUMENT_MISSING', {
    command: call.command,
    argument: 'an isolation level',
    usage: `${call.command} ${plugin} strict`,
  });
}
