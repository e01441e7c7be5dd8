import { serveUntilStopped } from '../serving.ts';
import type { ServingResult } from '../serving.ts';
import type { Verb } from '../verb.ts';
import { bindOption, operating } from './serving-options.ts';
import type { ServingOptions } from './serving-options.ts';

/** `hotswap serve`: what the config file says, and nothing that it does not. */
export const serve: Verb<ServingOptions, ServingResult> = {
  name: 'serve',
  summary: 'serve as the config file says',
  options: [['--config <file>', 'TOML, YAML or JSON (HOTSWAP_CONFIG; default hotswap.toml)'], bindOption],
  examples: ['hotswap serve', 'hotswap serve --config /etc/hotswap/hotswap.toml'],
  run: (call) => serveUntilStopped(call, operating(call)),
  print: () => '',
};
