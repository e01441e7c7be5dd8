import { cp, mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

/** A plugin to write, with packages of its own. */
interface PluginFolder {
  readonly name: string;
  /** The body of `start`. */
  readonly start: string;
  /** What stands above it. */
  readonly imports?: string;
  /** Packages that are installed in this checkout; what they depend on comes along. */
  readonly packages?: readonly string[];
  readonly hotswap?: Readonly<Record<string, unknown>>;
}

/** Writes a plugin and, as files and not as links, all packages that it needs. @returns its folder */
export async function writePlugin(parent: string, plugin: PluginFolder): Promise<string> {
  const { name, start, imports = '', packages = [], hotswap = {} } = plugin;
  const folder = join(parent, name);
  await mkdir(folder, { recursive: true });
  const about = { name, version: '1.0.0', type: 'module', main: './index.js', engines: { hotswap: '^1.0.0' }, hotswap };
  await writeFile(join(folder, 'package.json'), JSON.stringify(about));
  await writeFile(
    join(folder, 'index.js'),
    `import { definePlugin } from '@hotswap/sdk';\n${imports}\nexport default definePlugin({ async start(ctx) {\n${start}\n} });\n`,
  );
  for (const name of packages) await copyPackage(name, import.meta.dirname, folder, new Map());
  return folder;
}

/** Copies a package where `target` finds it, and what it depends on. One found above already, of the same copy, serves for both. */
async function copyPackage(
  name: string,
  from: string,
  target: string,
  above: ReadonlyMap<string, string>,
): Promise<void> {
  const source = await findPackage(name, from);
  if (source === undefined || above.get(name) === source) return;
  const place = join(target, 'node_modules', name);
  await cp(source, place, {
    recursive: true,
    dereference: true,
    filter: (path) => path === source || basename(path) !== 'node_modules',
  });
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
    await readFile(join(source, 'package.json'), 'utf8'),
  );
  const known = new Map([...above, [name, source]]);
  for (const needed of Object.keys({ ...dependencies, ...optionalDependencies }))
    await copyPackage(needed, source, place, known);
}

/** The folder of a package as code in `from` would find it; undefined: it is for other machines, and not installed. */
async function findPackage(name: string, from: string): Promise<string | undefined> {
  for (const folder of createRequire(join(from, 'index.js')).resolve.paths(name) ?? []) {
    const found = await realpath(join(folder, name, 'package.json')).catch(() => undefined);
    if (found !== undefined) return dirname(found);
  }
  return undefined;
}
