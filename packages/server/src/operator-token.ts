// The management token in the clear, for the operator's own command line. The runtime itself keeps a digest only.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Where a server leaves its token for commands on the same machine. */
export function operatorTokenFile(dataFolder: string): string {
  return join(dataFolder, 'operator-token');
}

/** Saves a token that was made just now, readable by its owner alone. */
export async function saveOperatorToken(dataFolder: string, token: string): Promise<void> {
  const file = operatorTokenFile(dataFolder);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, `${token}\n`, { mode: 0o600 });
}
