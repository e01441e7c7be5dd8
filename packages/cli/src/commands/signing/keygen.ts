import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fail } from '../../errors.ts';
import type { Verb } from '../../verb.ts';
import { neededArgument } from './files.ts';

interface KeygenOptions {
  readonly type?: string;
}

interface KeygenResult {
  readonly privateKey: string;
  readonly publicKey: string;
  readonly keyId: string;
  readonly isEncrypted: boolean;
}

/** `hotswap plugin keygen`. Never overwrites: a key that is lost cannot be made again. */
export const keygen: Verb<KeygenOptions, KeygenResult> = {
  name: 'keygen',
  summary: 'make a key to sign plugins with: NAME.key, which stays with you, and NAME.pub for servers',
  arguments: [['[name]', 'path of both files without the ending']],
  options: [['--type <type>', 'ed25519 or ecdsa (P-256); default ed25519']],
  examples: ['hotswap plugin keygen release', 'HOTSWAP_KEY_PASSPHRASE=... hotswap plugin keygen ~/keys/release'],
  async run(call) {
    const { terminal, options } = call;
    const name = neededArgument(call, 'a name', 'NAME');
    const { type = 'ed25519' } = options;
    if (type !== 'ed25519' && type !== 'ecdsa') {
      const problem = `--type is ed25519 or ecdsa, not "${type}"`;
      throw fail('USAGE_INVALID', { problem, help: `${call.command} --help` });
    }
    const { makeSigningKey } = await import('@hotswap/runtime');
    const passphrase = terminal.env['HOTSWAP_KEY_PASSPHRASE'];
    const { privateKey, publicKey, keyId } = makeSigningKey(type, passphrase);
    const [keyFile, publicFile] = [`${name}.key`, `${name}.pub`];
    await writeNew(resolve(terminal.cwd, keyFile), privateKey, 0o600);
    await writeNew(resolve(terminal.cwd, publicFile), publicKey, 0o644);
    return { privateKey: keyFile, publicKey: publicFile, keyId, isEncrypted: passphrase !== undefined };
  },
  print: ({ privateKey, publicKey, keyId, isEncrypted }, { style }) =>
    [
      `${style.good('made')} ${style.bold(privateKey)}${isEncrypted ? ', encrypted' : ', readable by you alone'}: keep it secret`,
      `and ${style.bold(publicKey)}: servers trust it with ${style.accent(`hotswap trust add ${publicKey}`)}`,
      `  ${style.dim(keyId)}`,
    ].join('\n'),
};

/** @throws FILE_EXISTS */
async function writeNew(path: string, text: string, mode: number): Promise<void> {
  await writeFile(path, text, { flag: 'wx', mode }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EEXIST' ? fail('FILE_EXISTS', { path }, { cause: error }) : error;
  });
}
