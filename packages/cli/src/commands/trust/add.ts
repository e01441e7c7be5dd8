import { basename, extname, relative } from 'node:path';
import type { Verb } from '../../verb.ts';
import { neededArgument, readTextFile } from '../signing/files.ts';
import { dataFolderOf } from './trust-store.ts';

interface AddOptions {
  readonly name?: string;
  readonly plugins?: string;
}

interface AddResult {
  readonly name: string;
  readonly type: 'key' | 'certificate';
  readonly keyId: string;
  readonly plugins: readonly string[];
  readonly file: string;
}

/** `hotswap trust add`: from now on what that key has signed may be loaded. */
export const add: Verb<AddOptions, AddResult> = {
  name: 'add',
  summary: 'trust a public key, or a certificate and all that it has issued',
  arguments: [['[file]', 'PEM: a public key, or one certificate']],
  options: [
    ['--name <name>', "what to call it; default the file's name"],
    ['--plugins <names>', 'what it may sign: names, or beginnings with *, with commas between; default *'],
  ],
  examples: ['hotswap trust add release.pub', "hotswap trust add acme-ca.pem --name acme --plugins 'acme-*,billing'"],
  async run(call) {
    const path = neededArgument(call, 'a key file', 'FILE');
    const pem = await readTextFile(call, path);
    const { editTrust, trustedSigner, trustFile, withSigner } = await import('@hotswap/runtime');
    const { options, terminal } = call;
    const plugins = options.plugins?.split(',').map((name) => name.trim());
    const name = options.name ?? basename(path, extname(path));
    const signer = trustedSigner(pem, { name, ...(plugins && { plugins }), now: terminal.now() });
    const data = dataFolderOf(call);
    await editTrust(data, (trust) => withSigner(trust, signer));
    const { type, keyId } = signer;
    return { name, type, keyId, plugins: signer.plugins, file: relative(terminal.cwd, trustFile(data)) };
  },
  print: ({ name, type, keyId, plugins, file }, { style }) =>
    `${style.good('trusted')} the ${type} ${style.bold(name)} for ${plugins.join(', ')}, in ${file}\n  ${style.dim(keyId)}`,
};
