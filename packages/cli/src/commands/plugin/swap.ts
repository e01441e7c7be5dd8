import { readConfigFile } from '../../config-file.ts';
import { fail } from '../../errors.ts';
import type { Call, Verb } from '../../verb.ts';
import { nameArgument, nameOption, pathOption, pluginNameOf, sourceArgument, sourceOf } from './arguments.ts';
import type { NameOption, PathOption } from './arguments.ts';
import { change, changeExitCode, printChange, reasonOption, watchOption } from './change.ts';
import type { ChangeResult, ReasonOption, WatchOption } from './change.ts';

interface SwapOptions extends NameOption, PathOption, ReasonOption, WatchOption {
  readonly config?: string;
}

/** `hotswap plugin swap`. */
export const swap: Verb<SwapOptions, ChangeResult> = {
  name: 'swap',
  summary: 'replace a plugin with another version of it, without dropping a request',
  arguments: [nameArgument, sourceArgument],
  options: [
    nameOption,
    pathOption,
    ['--config <file>', 'its new config: TOML, YAML or JSON'],
    reasonOption,
    watchOption,
  ],
  examples: [
    'hotswap plugin swap greeter ./greeter-2.0.0.tgz',
    'hotswap plugin swap greeter ./greeter-2.0.0.tgz --watch',
  ],
  async run(call) {
    const { plugin, source } = splitArguments(call);
    const pluginPath = sourceOf(call, source);
    if (pluginPath === undefined) {
      throw fail('ARGUMENT_MISSING', {
        command: call.command,
        argument: 'a source',
        usage: `${call.command} ${plugin} ./${plugin}-2.0.0.tgz`,
      });
    }
    const configuration = await readConfigFile(call.options.config, call.terminal);
    const { reason, watch } = call.options;
    return change(call, {
      plugin,
      doing: 'swapping',
      isWatched: watch,
      send: (client) => client.swap(plugin, { pluginPath, reason, ...(configuration && { configuration }) }),
    });
  },
  print: printChange,
  exitCode: changeExitCode,
};

/** With `--name`, the first argument is the source. */
function splitArguments(call: Call<SwapOptions>): { readonly plugin: string; readonly source: string | undefined } {
  const [first, second] = call.args;
  const { name } = call.options;
  if (name !== undefined && second === undefined) return { plugin: name, source: first };
  return { plugin: pluginNameOf(call), source: second };
}
