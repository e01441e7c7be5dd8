import { stat } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import type { Verb } from '../../verb.ts';

interface PackOptions {
  readonly out?: string;
}

interface PackResult {
  readonly plugin: string;
  readonly version: string;
  readonly file: string;
  readonly bytes: number;
  readonly digest: string;
}

/** `hotswap plugin pack`: the same files give the same bytes. */
export const pack: Verb<PackOptions, PackResult> = {
  name: 'pack',
  summary: 'bundle a plugin into one archive; the same files give the same bytes',
  arguments: [['[folder]', "the plugin's folder; default here"]],
  options: [['--out <file>', 'where to write it; default NAME-VERSION.tgz in the folder']],
  examples: ['hotswap plugin pack', 'hotswap plugin pack ./plugins/greeter --out greeter.tgz'],
  async run(call) {
    const { cwd } = call.terminal;
    const { packPlugin } = await import('@hotswap/runtime');
    call.progress.show('packing ...');
    const out = call.options.out === undefined ? undefined : resolve(cwd, call.options.out);
    const { manifest, file, digest } = await packPlugin(resolve(cwd, call.args[0] ?? '.'), out);
    const { size } = await stat(file);
    return { plugin: manifest.name, version: manifest.version, file: relative(cwd, file), bytes: size, digest };
  },
  print: ({ plugin, version, file, bytes, digest }, { style }) =>
    `${style.good('packed')} ${style.bold(plugin)} ${version} into ${file} (${(bytes / 1_024).toFixed(1)} KB)\n  ${style.dim(digest)}`,
};
