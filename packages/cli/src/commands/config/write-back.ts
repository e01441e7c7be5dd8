import { copyFile, rename, stat, writeFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { messageOf } from '@hotswap/protocol';
import { fail } from '../../errors.ts';
import type { Verb } from '../../verb.ts';
import { configFileOption, readServerConfig } from './server-config.ts';
import type { ConfigFileOptions } from './server-config.ts';

interface WriteBackOptions extends ConfigFileOptions {
  readonly write?: string;
}

interface WriteBackResult {
  /** The whole file as TOML. */
  readonly text: string;
  readonly overrides: number;
  /** Where it was written; absent when it was not. */
  readonly file?: string;
  /** What was there before. */
  readonly backup?: string;
}

/** `hotswap config write-back`: the config file as it would have to be for all that operators have set. */
export const writeBack: Verb<WriteBackOptions, WriteBackResult> = {
  name: 'write-back',
  summary: 'write what operators have set into the config file, as TOML; comments are lost',
  options: [configFileOption, ['--write <file>', 'write it there, keeping what was there as FILE.bak; default stdout']],
  examples: ['hotswap config write-back', 'hotswap config write-back --write hotswap.toml'],
  async run(call) {
    const { document, overrides } = await readServerConfig(call);
    const runtime = await import('@hotswap/runtime');
    const text = runtime.writeBack(document, overrides);
    const result = { text, overrides: overrides.length };
    if (call.options.write === undefined) return result;
    const { cwd } = call.terminal;
    const file = resolve(cwd, call.options.write);
    if (runtime.formatOf(file) !== 'toml') throw fail('CONFIG_FILE_NOT_TOML', { path: file });
    const backup = await replaceFile(file, text);
    return { ...result, file: relative(cwd, file), ...(backup !== undefined && { backup: relative(cwd, backup) }) };
  },
  print: ({ text, overrides, file, backup }, { style }) => {
    if (file === undefined) return text.trimEnd();
    const kept = backup === undefined ? '' : `\n  ${style.dim(`what was there is in ${backup}`)}`;
    return `${style.good('wrote')} ${file} with ${overrides} of the operators' settings${kept}`;
  },
};

/**
 * Puts a text in place of a file at one blow; readers find the old one or the new one, whole.
 *
 * @returns where the old one is kept; `undefined` when there was none
 * @throws CONFIG_FILE_UNWRITABLE
 */
async function replaceFile(file: string, text: string): Promise<string | undefined> {
  const temporary = `${file}.tmp`;
  const backup = `${file}.bak`;
  try {
    const before = await stat(file).catch(() => undefined);
    // Only the owner may read a new one: an override can hold a secret.
    await writeFile(temporary, text, { mode: before?.mode ?? 0o600 });
    if (before) await copyFile(file, backup);
    await rename(temporary, file);
    return before && backup;
  } catch (error) {
    throw fail('CONFIG_FILE_UNWRITABLE', { path: file, problem: messageOf(error) }, { cause: error });
  }
}
