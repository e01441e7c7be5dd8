import { stat } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import type { Verb } from '../../verb.ts';
import { certOption, expiresOption, signAsTold, type SigningFlags } from '../signing/signing.ts';

interface PackOptions extends SigningFlags {
  readonly out?: string;
  readonly sign?: string;
}

interface PackResult {
  readonly plugin: string;
  readonly version: string;
  readonly file: string;
  readonly bytes: number;
  readonly digest: string;
  /** The file with the signature; undefined: it was not signed. */
  readonly signature: string | undefined;
}

/** `hotswap plugin pack`: the same files give the same bytes. */
export const pack: Verb<PackOptions, PackResult> = {
  name: 'pack',
  summary: 'bundle a plugin into one archive; the same files give the same bytes',
  arguments: [['[folder]', "the plugin's folder; default here"]],
  options: [
    ['--out <file>', 'where to write it; default NAME-VERSION.tgz in the folder'],
    ['--sign <key>', 'sign it too, with this private key'],
    certOption,
    expiresOption,
  ],
  examples: [
    'hotswap plugin pack',
    'hotswap plugin pack ./plugins/greeter --out greeter.tgz',
    'hotswap plugin pack --sign release.key',
  ],
  async run(call) {
    const { cwd } = call.terminal;
    const { packPlugin } = await import('@hotswap/runtime');
    call.progress.show('packing ...');
    const out = call.options.out === undefined ? undefined : resolve(cwd, call.options.out);
    const { manifest, file, digest } = await packPlugin(resolve(cwd, call.args[0] ?? '.'), out);
    const { size } = await stat(file);
    const { sign } = call.options;
    const signature = sign === undefined ? undefined : (await signAsTold(call, file, sign)).file;
    const { name: plugin, version } = manifest;
    return { plugin, version, file: relative(cwd, file), bytes: size, digest, signature };
  },
  print: ({ plugin, version, file, bytes, digest, signature }, { style }) =>
    [
      `${style.good('packed')} ${style.bold(plugin)} ${version} into ${file} (${(bytes / 1_024).toFixed(1)} KB)`,
      `  ${style.dim(digest)}`,
      ...(signature === undefined ? [] : [`${style.good('signed')} it: ${signature}`]),
    ].join('\n'),
};
