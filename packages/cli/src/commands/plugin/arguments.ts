import { existsSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { fail } from '../../errors.ts';
import type { Call } from '../../verb.ts';

/** `--name NAME`, another spelling of the first argument. */
export interface NameOption {
  readonly name?: string;
}

/** `--path PATH`, another spelling of a source argument. */
export interface PathOption {
  readonly path?: string;
}

export const nameArgument = ['[plugin]', 'name of the plugin'] as const;
export const nameOption = ['--name <plugin>', 'the same as the argument'] as const;
export const sourceArgument = ['[source]', 'folder, .ts or .js file, or .tgz archive'] as const;
export const pathOption = ['--path <source>', 'the same as the source argument'] as const;

/**
 * The plugin a command is about: its first argument or `--name`.
 *
 * @throws ARGUMENT_MISSING, ARGUMENT_TWICE
 */
export function pluginNameOf(call: Call<NameOption>): string {
  const name = either({ argument: 'a plugin name', positional: call.args[0], flag: call.options.name });
  if (name) return name;
  throw fail('ARGUMENT_MISSING', {
    command: call.command,
    argument: 'a plugin name',
    usage: `${call.command} NAME`,
  });
}

/** The source a command was given as argument or `--path`, as the server is to read it; undefined when none was. */
export function sourceOf(call: Call<PathOption>, positional: string | undefined): string | undefined {
  const source = either({ argument: 'a source', positional, flag: call.options.path });
  return source === undefined ? undefined : absoluteSource(source, call.terminal.cwd);
}

/** A path that exists here becomes absolute, since the server may stand elsewhere; anything else stays a name. */
function absoluteSource(source: string, cwd: string): string {
  const path = resolve(cwd, source);
  return existsSync(path) ? realpathSync(path) : source;
}

interface Spellings {
  readonly argument: string;
  readonly positional: string | undefined;
  readonly flag: string | undefined;
}

function either({ argument, positional, flag }: Spellings): string | undefined {
  if (positional !== undefined && flag !== undefined && positional !== flag) {
    throw fail('ARGUMENT_TWICE', { argument, first: positional, second: flag });
  }
  return positional ?? flag;
}
