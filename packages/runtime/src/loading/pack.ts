import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { PluginManifest } from '@hotswap/protocol';
import { pack as packTar } from 'tar-stream';
import { PluginBuilder } from './build/build-plugin.ts';
import type { BuildRequest, Bundle } from './build/bundle.ts';
import { describeFolder } from './describe-plugin.ts';
import { createLoader } from './load-artifact.ts';
import { locateSource } from './plugin-source.ts';
import { fail } from '../errors.ts';

/** What packing a plugin made. */
export interface PackedPlugin {
  readonly manifest: PluginManifest;
  /** Path of the archive. */
  readonly file: string;
  /** The digest that the archive's artifact has when it is loaded. */
  readonly digest: string;
}

/** Milliseconds that packing may take. */
const packTimeout = 120_000;
const bundleName = 'index.js';
/** What only matters where the plugin is developed: everything is bundled, and nothing is installed from an archive. */
const dropped = [
  'scripts',
  'dependencies',
  'devDependencies',
  'peerDependencies',
  'optionalDependencies',
  'exports',
  'files',
  'type',
  'main',
];

/**
 * Bundles a plugin's folder into one archive. The same files give the same bytes, on every machine and at any time.
 *
 * @param outFile default `NAME-VERSION.tgz` in the plugin's folder
 * @throws NATIVE_ADDON_NOT_PACKED, and what loading the folder throws
 */
export async function packPlugin(folder: string, outFile?: string): Promise<PackedPlugin> {
  const signal = AbortSignal.timeout(packTimeout);
  const located = await locateSource(folder);
  if (located.type !== 'folder') throw fail('SOURCE_UNSUPPORTED', { source: folder });
  const { manifest, request } = await describeFolder(located.folder);
  const builder = new PluginBuilder();
  try {
    const bundle = await builder.build(request, signal);
    const [addon] = bundle.addons;
    if (addon !== undefined) throw fail('NATIVE_ADDON_NOT_PACKED', { plugin: manifest.name, file: addon.file });
    const file =
      outFile ?? join(located.folder, `${manifest.name.replace(/^@/, '').replace('/', '-')}-${manifest.version}.tgz`);
    await writeFile(file, await archiveOf(await filesOf(request, bundle)));
    return { manifest, file, digest: await digestOf(file, signal) };
  } finally {
    await builder.close();
  }
}

async function filesOf(request: BuildRequest, { code, map }: Bundle): Promise<ReadonlyMap<string, string>> {
  const folder = request.root;
  const readme = (await readdir(folder)).find((name) => /^readme(?:\.md|\.txt)?$/i.test(name));
  const packageJson: Readonly<Record<string, unknown>> = JSON.parse(
    await readFile(join(folder, 'package.json'), 'utf8'),
  );
  const kept = Object.entries(packageJson).filter(([field]) => !dropped.includes(field));
  const manifest = { ...Object.fromEntries(kept), type: 'module', main: `./${bundleName}` };
  return new Map([
    ['package.json', `${JSON.stringify(manifest, null, 2)}\n`],
    [bundleName, code],
    [`${bundleName}.map`, rebased(map, request)],
    ...(readme === undefined ? [] : [[readme, await readFile(join(folder, readme), 'utf8')] as const]),
  ]);
}

/**
 * Moves a map's sources from the entry's folder to the plugin's, where the bundle lies. Packages found above the folder
 * are named as if they were inside: how far above is the machine's affair.
 */
function rebased(map: string, { root, entry }: BuildRequest): string {
  const parsed: { readonly sources: readonly string[] } = JSON.parse(map);
  const sources = parsed.sources.map((source) => {
    const way = relative(root, resolve(dirname(entry), source)).replaceAll(sep, '/');
    return way.startsWith('../') ? way.slice(Math.max(0, way.indexOf('node_modules/'))) : way;
  });
  return JSON.stringify({ ...parsed, sources });
}

async function archiveOf(files: ReadonlyMap<string, string>): Promise<Buffer> {
  const tar = packTar();
  for (const name of [...files.keys()].toSorted()) {
    const header = { name: `package/${name}`, mode: 0o644, mtime: new Date(0), uid: 0, gid: 0, uname: '', gname: '' };
    tar.entry(header, files.get(name) ?? '');
  }
  tar.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar) if (chunk instanceof Uint8Array) chunks.push(chunk);
  const bytes = gzipSync(Buffer.concat(chunks), { level: 9 });
  // The header names the operating system that compressed; 255 is "unknown".
  bytes[9] = 255;
  return bytes;
}

/** Reads the archive back: what was packed is what loads, and this is its digest. */
async function digestOf(file: string, signal: AbortSignal): Promise<string> {
  const loader = createLoader();
  try {
    return (await loader.load(file, { signal })).digest;
  } finally {
    await loader.close();
  }
}
