import { serveUntilStopped } from '../serving.ts';
import type { ServingResult } from '../serving.ts';
import type { Verb } from '../verb.ts';
import { bindOption, configOption, developing } from './serving-options.ts';
import type { ServingOptions } from './serving-options.ts';

/** `hotswap run`: a server for one's own plugins. Whatever is saved is swapped in. */
export const run: Verb<ServingOptions, ServingResult> = {
  name: 'run',
  summary: 'serve a folder of plugins, or one plugin; save a file and it is swapped',
  arguments: [['<folder>', 'a folder with one plugin in each folder or file, or a plugin itself']],
  options: [bindOption, configOption],
  examples: ['hotswap run ./plugins', 'hotswap run ./greeter.ts --bind 127.0.0.1:9000'],
  run: (call) => serveUntilStopped(call, developing(call, call.args[0])),
  print: () => '',
};
