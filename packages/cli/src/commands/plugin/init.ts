import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fail } from '../../errors.ts';
import { pluginTemplate, templateKinds } from '../../template/plugin-template.ts';
import type { TemplateFile } from '../../template/plugin-template.ts';
import type { Verb } from '../../verb.ts';
import { nameArgument, nameOption, pluginNameOf } from './arguments.ts';
import type { NameOption } from './arguments.ts';

interface InitOptions extends NameOption {
  readonly type?: string;
  readonly dir?: string;
}

interface InitResult {
  readonly plugin: string;
  readonly type: string;
  readonly folder: string;
  readonly files: readonly string[];
}

/** `hotswap plugin init`. Never overwrites: the folder must be new or empty. */
export const init: Verb<InitOptions, InitResult> = {
  name: 'init',
  summary: 'write a new plugin: manifest, typed source and a test',
  arguments: [nameArgument],
  options: [
    nameOption,
    ['--type <kind>', `${templateKinds.join(', ')}; default ${templateKinds[0]}`],
    ['--dir <folder>', 'where to write it; default a folder named after the plugin'],
  ],
  examples: ['hotswap plugin init greeter', 'hotswap plugin init limits --type ratelimit --dir plugins/limits'],
  async run(call) {
    const plugin = pluginNameOf(call);
    const type = call.options.type ?? templateKinds[0] ?? '';
    const files = pluginTemplate(plugin, type);
    const folder = resolve(call.terminal.cwd, call.options.dir ?? plugin.replace(/^@[^/]*\//, ''));
    await refuseFull(folder);
    await writeFiles(folder, files);
    return { plugin, type, folder: relative(call.terminal.cwd, folder) || '.', files: files.map(({ path }) => path) };
  },
  print({ plugin, type, folder, files }, { style }) {
    return [
      `${style.good('wrote')} the ${type} plugin ${style.bold(plugin)} to ${folder}:`,
      ...files.map((file) => `  ${file}`),
      `next: ${style.accent(`hotswap plugin dev ${folder}`)}`,
    ].join('\n');
  },
};

/** @throws TEMPLATE_TARGET_EXISTS */
async function refuseFull(folder: string): Promise<void> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error.code === 'ENOTDIR' ? fail('TEMPLATE_TARGET_EXISTS', { path: folder }, { cause: error }) : error;
  });
  if (entries.length > 0) throw fail('TEMPLATE_TARGET_EXISTS', { path: folder });
}

async function writeFiles(folder: string, files: readonly TemplateFile[]): Promise<void> {
  for (const { path, text } of files) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    // `wx`: should a file appear between the look and the write, it is not touched.
    await writeFile(target, text, { flag: 'wx' });
  }
}
