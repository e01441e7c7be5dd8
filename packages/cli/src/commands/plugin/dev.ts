import { serveUntilStopped } from '../../serving.ts';
import type { ServingResult } from '../../serving.ts';
import type { Verb } from '../../verb.ts';
import { bindOption, configOption, developing } from '../serving-options.ts';
import type { ServingOptions } from '../serving-options.ts';

/** `hotswap plugin dev`: `run` for the one plugin at hand. */
export const dev: Verb<ServingOptions, ServingResult> = {
  name: 'dev',
  summary: 'run one plugin and swap it whenever a file of it is saved',
  arguments: [['[folder]', "the plugin's folder or file; default here"]],
  options: [bindOption, configOption],
  examples: ['hotswap plugin dev', 'hotswap plugin dev ./plugins/greeter'],
  run: (call) => serveUntilStopped(call, developing(call, call.args[0])),
  print: () => '',
};
