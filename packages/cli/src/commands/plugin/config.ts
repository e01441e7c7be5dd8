import { readConfigFile } from '../../config-file.ts';
import type { ConfigAnswer } from '../../client/management-answers.ts';
import type { Verb } from '../../verb.ts';
import { nameArgument, nameOption, pluginNameOf } from './arguments.ts';
import type { NameOption } from './arguments.ts';
import { change, changeExitCode, printChange } from './change.ts';
import type { ChangeResult } from './change.ts';

interface ConfigOptions extends NameOption {
  readonly set?: string;
}

/** `hotswap plugin config`: shows it, or replaces it with a file's. Secrets are shown as masks. */
export const config: Verb<ConfigOptions, ConfigAnswer | ChangeResult> = {
  name: 'config',
  summary: "show a plugin's config, or replace it",
  arguments: [nameArgument],
  options: [nameOption, ['--set <file>', 'replace the whole config with this TOML, YAML or JSON file']],
  examples: ['hotswap plugin config greeter', 'hotswap plugin config greeter --set ./greeter.toml'],
  async run(call) {
    const plugin = pluginNameOf(call);
    const next = await readConfigFile(call.options.set, call.terminal);
    if (!next) return (await call.connect()).config(plugin);
    return change(call, { plugin, doing: 'configuring', send: (client) => client.configure(plugin, next) });
  },
  print: (result, paper) => ('config' in result ? JSON.stringify(result.config, null, 2) : printChange(result, paper)),
  exitCode: (result) => ('config' in result ? 0 : changeExitCode(result)),
};
