import { resolve } from 'node:path';
import type { ServingRequest } from '../serving.ts';
import type { Call } from '../verb.ts';

/** The flags of every command that is a server. */
export interface ServingOptions {
  readonly bind?: string;
  readonly config?: string;
}

export const bindOption = ['--bind <address>', 'where to listen; default 127.0.0.1:8080'] as const;
export const configOption = ['--config <file>', 'read this config file too: TOML, YAML or JSON'] as const;

/** What to serve while plugins are being written: `source` is a folder of them, or one. */
export function developing(call: Call<ServingOptions>, source = '.'): ServingRequest {
  return { ...flagsOf(call), mode: 'develop', source: resolve(call.terminal.cwd, source) };
}

/** What to serve for others: the config file decides. */
export function operating(call: Call<ServingOptions>): ServingRequest {
  return { configFile: call.terminal.env['HOTSWAP_CONFIG'] ?? 'hotswap.toml', ...flagsOf(call), mode: 'operate' };
}

function flagsOf({ options: { bind, config, data } }: Call<ServingOptions>) {
  return {
    ...(bind !== undefined && { bind }),
    ...(data !== undefined && { data }),
    ...(config !== undefined && { configFile: config }),
  };
}
