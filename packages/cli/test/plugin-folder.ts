import { mkdir, mkdtemp, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a plugin made for a test is like. */
export interface PluginText {
  readonly name: string;
  readonly version?: string;
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** The body of `start(ctx)`. */
  readonly start: string;
}

/** An empty folder, by its real path. */
export async function makeFolder(purpose: string): Promise<string> {
  return realpath(await mkdtemp(join(tmpdir(), `hotswap-${purpose}-`)));
}

/** Writes a plugin as a folder of its own and returns its path. */
export async function writePlugin(parent: string, plugin: PluginText): Promise<string> {
  const { name, version = '1.0.0', manifest = {}, start } = plugin;
  const folder = join(parent, name);
  await mkdir(join(folder, 'src'), { recursive: true });
  const hotswap = { kinds: ['protocol'], ...manifest };
  const engines = { hotswap: '^1.0.0' };
  const json = { name, version, description: 'A test.', type: 'module', main: './src/index.ts', engines, hotswap };
  await writeFile(join(folder, 'package.json'), JSON.stringify(json));
  await writeSource(folder, start);
  return folder;
}

/** Saves a plugin's source with another body of `start(ctx)`. */
export async function writeSource(folder: string, start: string): Promise<void> {
  const lines = [
    "import { definePlugin } from '@hotswap/sdk';",
    'export default definePlugin({',
    '  start(ctx) {',
    `    ${start}`,
    '  },',
    '});',
  ];
  await writeFile(join(folder, 'src/index.ts'), `${lines.join('\n')}\n`);
}

/** `start` of a plugin that answers a text. */
export function answering(path: string, text: string): string {
  return `ctx.http.get('${path}', () => new Response('${text}'));`;
}
