import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compileProgram } from '../guest/compile.ts';
import { mapStack } from '../guest/foreign-stack.ts';
import type { Artifact } from './artifact.ts';
import { createLoader } from './load-artifact.ts';
import type { Loader } from './load-artifact.ts';
import type { PluginSource } from './plugin-source.ts';

const { signal } = new AbortController();
let folder: string;
let loader: Loader;
let built: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hotswap-loading-'));
  built = [];
  loader = newLoader();
});
afterEach(async () => {
  await loader.close();
  await rm(folder, { recursive: true });
});

describe('a folder', () => {
  test('becomes an artifact with manifest, digest, origin and inputs', async () => {
    await plugin({
      'src/index.ts': 'import { n } from "./n.ts"; export default { start() { return n; } };',
      'src/n.ts': 'export const n: number = 1;',
    });
    const artifact = await load();
    expect(artifact).toMatchObject({
      manifest: { name: 'sample', version: '1.0.0', main: './src/index.ts' },
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      origin: folder,
      program: { type: 'text', file: join(folder, 'src/index.ts') },
    });
    expect(artifact.inputs.toSorted()).toEqual(
      ['package.json', 'src/index.ts', 'src/n.ts'].map((file) => join(folder, file)),
    );
  });

  test.each([
    [
      'JSON',
      {
        'src/index.ts': 'import data from "./data.json" with { type: "json" }; export const x = data.n;',
        'src/data.json': '{ "n": 1 }',
      },
      1,
    ],
    [
      'top-level await',
      {
        'src/index.ts': 'import { y } from "./y.ts"; export const x = y + 1;',
        'src/y.ts': 'export const y = await Promise.resolve(1);',
      },
      2,
    ],
    ['a built-in that is imported later', { 'src/index.ts': 'export const x = (await import("node:path")).sep;' }, '/'],
    [
      'a module of its own that is imported later',
      { 'src/index.ts': 'export const x = (await import("./y.ts")).y;', 'src/y.ts': 'export const y = 3;' },
      3,
    ],
    [
      'modules in a circle',
      {
        'src/index.ts': 'import { b } from "./b.ts"; export const a = (): number => 4; export const x = b();',
        'src/b.ts': 'import { a } from "./index.ts"; export const b = (): number => a();',
      },
      4,
    ],
    [
      'imports used before their line',
      {
        'src/index.ts':
          'import { b } from "./b.ts"; import { basename } from "node:path"; export function a(): string { return basename("/x/y"); } export const x = b;',
        'src/b.ts': 'import { a } from "./index.ts"; export const b = a();',
      },
      'y',
    ],
    [
      'CommonJS',
      {
        'src/index.ts': 'import c from "./c.cjs"; export const x = c;',
        'src/c.cjs': 'const { sep } = require("path"); module.exports = [sep, __filename, __dirname];',
      },
      ['/', 'src/index.ts', 'src'],
    ],
    ['import.meta', { 'src/index.ts': 'export const x = import.meta.filename;' }, 'src/index.ts'],
    [
      'process.env in all its forms',
      { 'src/index.ts': 'import p from "node:process"; export const x = p.env === process.env;' },
      true,
    ],
  ])('runs with %s', async (_, files, expected) => {
    await plugin(files);
    const { x } = await run(await load());
    expect(JSON.parse(JSON.stringify(x).replaceAll(`${folder}/`, ''))).toEqual(expected);
  });

  test('runs with zod, its dependency of many modules', async () => {
    await withNodeModules();
    await plugin({
      'src/index.ts':
        'import { z } from "zod"; export const x = z.object({ a: z.string() }).safeParse({ a: 1 }).success;',
    });
    expect(await run(await load())).toMatchObject({ x: false });
  });

  test('runs with openpgp', async () => {
    await withNodeModules();
    await plugin({
      'src/index.ts':
        'import { generateKey, readKey } from "openpgp"; const { publicKey } = await generateKey({ userIDs: [{ name: "a" }], format: "armored" }); export const x = (await readKey({ armoredKey: publicKey })).getUserIDs();',
    });
    expect(await run(await load())).toMatchObject({ x: ['a'] });
  });

  test('runs with a CommonJS package', async () => {
    await withNodeModules();
    await plugin({
      'src/index.ts':
        'import semver, { gt } from "semver"; export const x = [gt("2.0.0", "1.0.0"), semver.valid("1.2.3")];',
    });
    expect(await run(await load())).toMatchObject({ x: [true, '1.2.3'] });
  });

  test('shares the SDK with its host', async () => {
    await plugin({ 'src/index.ts': 'import { definePlugin } from "@hotswap/sdk"; export const x = definePlugin;' });
    const { definePlugin } = await import('@hotswap/sdk');
    expect((await run(await load()))['x']).toBe(definePlugin);
  });

  test('sees what was saved, every time', async () => {
    for (let n = 0; n < 20; n += 1) {
      await plugin({ 'src/index.ts': `export const x = ${n};` });
      expect(await run(await load())).toMatchObject({ x: n });
    }
  });

  test('loads that overlap a save see the new text when they began after it', async () => {
    await plugin({ 'src/index.ts': 'export const x = 1;' });
    const before = load();
    await plugin({ 'src/index.ts': 'export const x = 2;' });
    expect(await run(await load())).toMatchObject({ x: 2 });
    await before;
  });

  test('recovers from an error without help', async () => {
    await plugin({ 'src/index.ts': 'export const x = ;' });
    await expect(load()).rejects.toMatchObject({ code: 'BUILD_FAILED' });
    await plugin({ 'src/index.ts': 'export const x = 5;' });
    expect(await run(await load())).toMatchObject({ x: 5 });
  });

  test('the same files have the same digest, others another', async () => {
    await plugin({ 'src/index.ts': 'export const x = 1;' });
    const first = await load();
    await plugin({ 'src/index.ts': 'export const x = 1;' });
    expect((await load()).digest).toBe(first.digest);
    await plugin({ 'package.json': manifest({ version: '1.0.1' }) });
    const second = await load();
    expect(second.digest).not.toBe(first.digest);
    await plugin({ 'src/index.ts': 'export const x = 2;' });
    expect((await load()).digest).not.toBe(second.digest);
  });
});

describe('what a build may not take in', () => {
  test.each([
    [
      'a relative path out of the folder',
      (outside: string) => `import s from "../../${outside.split('/').at(-1)}/secret.json"; export default s;`,
    ],
    ['an absolute path', (outside: string) => `import s from "${outside}/secret.json"; export default s;`],
  ])('%s', async (_, code) => {
    const outside = await mkdtemp(join(tmpdir(), 'hotswap-outside-'));
    await writeFile(join(outside, 'secret.json'), '{ "secret": "x" }');
    await plugin({ 'src/index.ts': code(outside) });
    await expect(load()).rejects.toMatchObject({
      code: 'BUILD_FILE_REFUSED',
      details: { file: join(outside, 'secret.json') },
    });
    await expect(load(newLoader({ allowedRoots: [outside] }))).resolves.toBeDefined();
    await rm(outside, { recursive: true });
  });

  test('a symbolic link out of the folder, whose text no error shows', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'hotswap-outside-'));
    await writeFile(join(outside, 'secret'), 'root:x:0:0 <secret>');
    await plugin({ 'src/index.ts': 'import "./linked.js";' });
    await symlink(join(outside, 'secret'), join(folder, 'src/linked.js'));
    const error: Error = await load().catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'BUILD_FILE_REFUSED' });
    expect(`${error.message}${error.cause}`).not.toContain('<secret>');
    await rm(outside, { recursive: true });
  });

  test('an entry outside the folder', async () => {
    await plugin({ 'package.json': manifest({ main: '../../../../etc/hostname' }), 'src/index.ts': '' });
    await expect(load()).rejects.toMatchObject({ code: expect.stringMatching(/BUILD_FILE_REFUSED|MANIFEST_INVALID/) });
  });

  test('an import that stays for run time', async () => {
    await plugin({ 'src/index.ts': 'import x from "https://example.com/x.js"; export default x;' });
    await expect(load()).rejects.toMatchObject({
      code: 'IMPORT_REFUSED',
      details: { specifier: 'https://example.com/x.js' },
    });
  });
});

describe('errors', () => {
  test('a syntax error shows file, line, column and the line itself', async () => {
    await plugin({
      'src/index.ts': 'import "./broken.ts";',
      'src/broken.ts': 'const fine = 1;\n\tconst é = ;\nexport const other = ];',
    });
    const error = await load().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'BUILD_FAILED',
      kind: 'plugin-fault',
      message: expect.stringContaining('src/broken.ts:2:12: Unexpected ";"'),
      details: {
        file: 'src/broken.ts',
        line: 2,
        column: 12,
        frame: '  2 | \tconst é = ;\n    | \t          ^',
      },
    });
  });

  test('every unresolved import is listed', async () => {
    await plugin({ 'src/index.ts': 'import "./one.ts"; import "two";' });
    await expect(load()).rejects.toMatchObject({
      details: {
        problems: [{ message: expect.stringContaining('./one.ts') }, { message: expect.stringContaining('two') }],
      },
    });
  });

  test('an error at run time names the author’s line', async () => {
    await plugin({
      'src/index.ts': 'export { fails } from "./deep.ts";',
      'src/deep.ts': 'interface X { y: 1 }\n\nexport function fails(): never {\n  throw new Error("x");\n}',
    });
    const artifact = await load();
    const { fails } = await run(artifact);
    const stack = stackOf(fails);
    expect(mapStack(stack, text(artifact))).toContain(`(${join(folder, 'src/deep.ts')}:4:9)`);
  });

  test.each([
    ['is not JSON', '{', /not JSON/],
    ['has no main', manifest({ main: './gone.ts' }), /gone\.ts/],
  ])('a manifest that %s', async (_, packageJson, message) => {
    await plugin({ 'package.json': packageJson });
    await expect(load()).rejects.toMatchObject({ code: 'MANIFEST_INVALID', message: expect.stringMatching(message) });
  });

  test.each([
    ['https://example.com/x.tgz', 'SOURCE_UNSUPPORTED'],
    ['npm:left-pad', 'SOURCE_UNSUPPORTED'],
    ['/nowhere/at/all', 'SOURCE_NOT_FOUND'],
    [new URL('ftp://example.com/x'), 'SOURCE_UNSUPPORTED'],
  ])('the source %s', async (source, code) => {
    await expect(load(loader, source)).rejects.toMatchObject({ code });
  });

  test('a folder without a manifest, and a file that is no plugin', async () => {
    await expect(load()).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    await plugin({ 'x.txt': '' });
    await expect(load(loader, join(folder, 'x.txt'))).rejects.toMatchObject({ code: 'SOURCE_UNSUPPORTED' });
  });

  test('a load that is aborted', async () => {
    await plugin({ 'src/index.ts': 'export const x = 1;' });
    const abort = new AbortController();
    const loading = loader.load(folder, { signal: abort.signal });
    abort.abort(new Error('no longer wanted'));
    await expect(loading).rejects.toThrow('no longer wanted');
  });

  test('a loader that is closed', async () => {
    await plugin({ 'src/index.ts': 'export const x = 1;' });
    await loader.close();
    await expect(load()).rejects.toMatchObject({ code: 'LOADER_CLOSED' });
  });
});

describe('other sources', () => {
  test('a single file is named after itself', async () => {
    await plugin({ 'MyPlugin_two.ts': 'export default { start() {} };' });
    const artifact = await load(loader, pathToFileURL(join(folder, 'MyPlugin_two.ts')));
    expect(artifact).toMatchObject({
      manifest: { name: 'my-plugin-two', version: '0.0.0' },
      origin: join(folder, 'MyPlugin_two.ts'),
    });
    expect(artifact.inputs).toEqual([join(folder, 'MyPlugin_two.ts')]);
  });

  test('a definition in memory is taken as it is, with the manifest it brings', async () => {
    const definition = { start() {} };
    const source = { name: 'mem', definition, manifest: { dependencies: { other: '^1.0.0' }, description: 'x' } };
    const artifact = await load(loader, source);
    expect(artifact).toMatchObject({
      manifest: { name: 'mem', description: 'x', dependencies: { other: '^1.0.0' } },
      program: { definition },
    });
    expect((await load(loader, source)).digest).toBe(artifact.digest);
    expect((await load(loader, { ...source, definition: { start() {} } })).digest).not.toBe(artifact.digest);
    await expect(load(loader, { name: 'Bad Name', definition })).rejects.toMatchObject({ code: 'MANIFEST_INVALID' });
  });
});

describe('the cache', () => {
  test('answers without a build, also after a restart, until a file changes', async () => {
    const cacheDirectory = join(folder, 'cache');
    await plugin({ 'src/index.ts': 'import "./dep.ts"; export const x = 1;', 'src/dep.ts': 'export {};' });
    const first = await untilCached(newLoader({ cacheDirectory }));
    expect((await load(newLoader({ cacheDirectory }))).digest).toBe(first.digest);
    expect(built).toEqual([]);
    await plugin({ 'src/dep.ts': 'console.log(1);' });
    expect((await load(newLoader({ cacheDirectory }))).digest).not.toBe(first.digest);
    expect(built).toHaveLength(1);
  });

  test('is passed by when a new file could be meant', async () => {
    await plugin({ 'src/index.ts': 'import { x } from "./y"; export { x };', 'src/y.js': 'export const x = "js";' });
    await untilCached(loader);
    await plugin({ 'src/y.ts': 'export const x = "ts";' });
    expect(await run(await load())).toMatchObject({ x: 'ts' });
  });

  test('a file in it that is damaged is a miss', async () => {
    const cacheDirectory = join(folder, 'cache');
    await plugin({ 'src/index.ts': 'export const x = 1;' });
    await untilCached(newLoader({ cacheDirectory }));
    for (const name of await readdir(cacheDirectory)) await writeFile(join(cacheDirectory, name), '{ "finger');
    expect(await run(await load(newLoader({ cacheDirectory })))).toMatchObject({ x: 1 });
  });

  /** A file that changed a moment ago is not trusted yet, so the first loads may build. */
  async function untilCached(used: Loader): Promise<Artifact> {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      built = [];
      const artifact = await load(used);
      if (built.length === 0) return artifact;
    }
    throw new Error('never cached');
  }
});

test('a hundred plugins at once, more than are kept ready, all load and load again', async () => {
  const files = Array.from({ length: 100 }, (_, n) => [`many/p${n}.ts`, `export const x = ${n};`] as const);
  await plugin(Object.fromEntries(files));
  for (const round of [1, 2]) {
    const artifacts = await Promise.all(files.map(([name]) => load(loader, join(folder, name))));
    const answers = await Promise.all(artifacts.map(async (artifact) => (await run(artifact))['x']));
    expect(answers, `round ${round}`).toEqual(files.map((_, n) => n));
  }
});

function newLoader(options: Parameters<typeof createLoader>[0] = {}): Loader {
  const log = (fields: unknown): void => void built.push(JSON.stringify(fields));
  return createLoader({ log: { debug: log, warn: () => {} }, ...options });
}

function load(used: Loader = loader, source: PluginSource = folder): Promise<Artifact> {
  return used.load(source, { signal });
}

async function plugin(files: Readonly<Record<string, string>>): Promise<void> {
  const known = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined);
  const needsManifest = known === undefined && Object.keys(files).some((name) => name.startsWith('src/'));
  for (const [name, content] of Object.entries({ ...(needsManifest && { 'package.json': manifest({}) }), ...files })) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

function manifest(fields: object): string {
  return JSON.stringify({
    name: 'sample',
    version: '1.0.0',
    type: 'module',
    main: './src/index.ts',
    engines: { hotswap: '^1.0.0' },
    ...fields,
  });
}

async function withNodeModules(): Promise<void> {
  await symlink(new URL('../../../../node_modules', import.meta.url).pathname, join(folder, 'node_modules'));
}

function text(artifact: Artifact) {
  if (artifact.program.type !== 'text') throw new Error('not text');
  return artifact.program;
}

function run(artifact: Artifact): Promise<Readonly<Record<string, unknown>>> {
  return compileProgram(text(artifact))({
    globals: { require: (name: string) => process.getBuiltinModule(name) },
    import: async (specifier) => import(specifier),
  });
}

function stackOf(fails: unknown): string {
  try {
    (fails as () => never)();
  } catch (error) {
    return String((error as Error).stack);
  }
  throw new Error('did not fail');
}
