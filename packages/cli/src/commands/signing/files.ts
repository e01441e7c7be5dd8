import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf } from '@hotswap/protocol';
import { fail } from '../../errors.ts';
import type { Call } from '../../verb.ts';

/** The first argument of a command that cannot do without. @throws ARGUMENT_MISSING */
export function neededArgument(call: Call<object>, argument: string, usage: string): string {
  const [given] = call.args;
  if (given) return given;
  throw fail('ARGUMENT_MISSING', { command: call.command, argument, usage: `${call.command} ${usage}` });
}

/** The text of a file that a flag or an argument names. @throws FILE_UNREADABLE */
export async function readTextFile({ terminal }: Call<object>, path: string): Promise<string> {
  return readFile(resolve(terminal.cwd, path), 'utf8').catch((cause: unknown) => {
    throw fail('FILE_UNREADABLE', { path, problem: messageOf(cause) }, { cause });
  });
}
