import type { SignedPlugin } from '@hotswap/runtime';
import { fail } from '../../errors.ts';
import type { Verb } from '../../verb.ts';
import { neededArgument } from './files.ts';
import { certOption, expiresOption, signAsTold, type SigningFlags } from './signing.ts';

/** `hotswap plugin sign`. */
export const sign: Verb<SigningFlags, SignedPlugin> = {
  name: 'sign',
  summary: 'sign an archive or a folder, so that servers that trust the key load it',
  arguments: [['[source]', 'a .tgz archive, a folder, or a single file']],
  options: [
    ['--key <file>', 'private key, PEM: Ed25519 or ECDSA P-256 (see `hotswap plugin keygen`)'],
    certOption,
    expiresOption,
    ['--add', 'keep the signatures that are there, and sign what they signed'],
  ],
  examples: [
    'hotswap plugin sign greeter-1.0.0.tgz --key release.key',
    'hotswap plugin sign greeter-1.0.0.tgz --key code.key --cert code-chain.pem --expires 365d',
  ],
  run(call) {
    const source = neededArgument(call, 'a source', 'SOURCE --key FILE');
    const { key } = call.options;
    if (key) return signAsTold(call, source, key);
    throw fail('ARGUMENT_MISSING', {
      command: call.command,
      argument: 'a key',
      usage: `${call.command} ${source} --key FILE`,
    });
  },
  print: ({ plugin, version, digest, file, keyId }, { style }) =>
    `${style.good('signed')} ${style.bold(plugin)} ${version}: ${file}\n  ${style.dim(digest)}\n  ${style.dim(`key ${keyId}`)}`,
};
