import { readConfigFile } from '../../config-file.ts';
import { fail } from '../../errors.ts';
import type { Verb } from '../../verb.ts';
import { pathOption, sourceArgument, sourceOf } from './arguments.ts';
import type { NameOption, PathOption } from './arguments.ts';
import { change, changeExitCode, printChange } from './change.ts';
import type { ChangeResult } from './change.ts';

interface LoadOptions extends NameOption, PathOption {
  readonly config?: string;
}

/** `hotswap plugin load`. */
export const load: Verb<LoadOptions, ChangeResult> = {
  name: 'load',
  summary: 'load a plugin into the running server',
  arguments: [sourceArgument],
  options: [
    pathOption,
    ['--config <file>', 'its config: TOML, YAML or JSON'],
    ['--name <plugin>', 'refuse the source if it is another plugin'],
  ],
  examples: [
    'hotswap plugin load ./plugins/greeter',
    'hotswap plugin load --path=./greeter.tgz --config=./greeter.toml',
  ],
  async run(call) {
    const pluginPath = sourceOf(call, call.args[0]);
    if (pluginPath === undefined) {
      throw fail('ARGUMENT_MISSING', {
        command: call.command,
        argument: 'a source',
        usage: `${call.command} ./plugins/greeter`,
      });
    }
    const configuration = await readConfigFile(call.options.config, call.terminal);
    const pluginName = call.options.name;
    return change(call, {
      plugin: pluginName ?? pluginPath,
      doing: 'loading',
      send: (client) =>
        client.load({ pluginPath, ...(pluginName && { pluginName }), ...(configuration && { configuration }) }),
    });
  },
  print: printChange,
  exitCode: changeExitCode,
};
