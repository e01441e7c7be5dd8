import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf } from '@hotswap/protocol';
import type { ConfigOverride } from '@hotswap/runtime';
import { fail } from '../../errors.ts';
import type { Call } from '../../verb.ts';

/** The flag of every command that reads a server's config file; `--data` is one that all commands have. */
export interface ConfigFileOptions {
  readonly config?: string;
}

export const configFileOption = [
  '--config <file>',
  'TOML, YAML or JSON (HOTSWAP_CONFIG; default hotswap.toml)',
] as const;

/** A server's config file, and what its operators have set otherwise. */
export interface ServerConfig {
  readonly file: string;
  /** The plain value of the file. */
  readonly document: unknown;
  readonly overrides: readonly ConfigOverride[];
}

/**
 * Reads both from disk; no server has to run.
 *
 * @throws CONFIG_FILE_UNREADABLE, CONFIG_SYNTAX, CONFIG_INVALID, DESIRED_STATE_CORRUPT, DESIRED_STATE_UNREADABLE
 */
export async function readServerConfig({ options, terminal }: Call<ConfigFileOptions>): Promise<ServerConfig> {
  const { cwd, env } = terminal;
  const file = resolve(cwd, options.config ?? env['HOTSWAP_CONFIG'] ?? 'hotswap.toml');
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw fail('CONFIG_FILE_UNREADABLE', { path: file, problem: messageOf(cause) }, { cause });
  });
  const { formatOf, listOverrides, parseRuntimeConfig, readConfigDocument, readDesiredState } =
    await import('@hotswap/runtime');
  const format = formatOf(file);
  const { server, plugins } = parseRuntimeConfig(text, { format, file, cwd, env }).config;
  const data = options.data === undefined ? server.data : resolve(cwd, options.data);
  const overrides = listOverrides(plugins, await readDesiredState(data));
  return { file, document: readConfigDocument(text, format, file).value, overrides };
}
