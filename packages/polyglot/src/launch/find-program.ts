import { access, constants, realpath } from 'node:fs/promises';
import { delimiter, join, sep } from 'node:path';
import { messageOf } from '@hotswap/protocol';
import { fail } from '../errors.ts';

/** Where programs are looked for; the host's own path may hold what only its user should run. */
export const programPath = '/usr/local/bin:/usr/bin:/bin';

/**
 * Finds the program of a command: one that begins with `./` in the plugin's folder and nowhere else, another on the path.
 *
 * @returns its real, absolute path
 * @throws PLUGIN_COMMAND_MISSING
 */
export async function findProgram(plugin: string, command: string, root: string): Promise<string> {
  const missing = (reason: string): Error => fail('PLUGIN_COMMAND_MISSING', { plugin, command, reason });
  if (!command.includes('/')) {
    for (const folder of programPath.split(delimiter)) {
      const file = join(folder, command);
      if (await isRunnable(file)) return file;
    }
    throw missing(`not in ${programPath}`);
  }
  if (!command.startsWith('./')) throw missing('write ./ before a file of the plugin, or a bare name');
  const file = await realpath(join(root, command)).catch((error: unknown) => {
    throw missing(messageOf(error));
  });
  if (!file.startsWith(root + sep)) throw missing('it is outside the folder of the plugin');
  if (!(await isRunnable(file))) throw missing('it is not executable');
  return file;
}

async function isRunnable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
