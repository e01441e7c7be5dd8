import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pack } from 'tar-stream';
import type { Header } from 'tar-stream';
import { compileProgram } from '../guest/compile.ts';
import { mapStack } from '../guest/foreign-stack.ts';
import type { Artifact } from './artifact.ts';
import { createLoader } from './load-artifact.ts';
import { packPlugin } from './pack.ts';
import { readArchive } from './read-archive.ts';

const { signal } = new AbortController();
const loader = createLoader();
const manifest = { name: '@acme/sample', version: '1.0.0', engines: { hotswap: '^1.0.0' }, main: './index.js' };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hotswap-pack-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('packing', () => {
  test('bundles a folder into an archive that loads and runs without it', async () => {
    const { file, digest } = await packPlugin(await sampleFolder());
    expect(file).toBe(join(folder, 'sample/acme-sample-1.0.0.tgz'));
    const moved = join(folder, 'moved.tgz');
    await writeFile(moved, await readFile(file));
    await rm(join(folder, 'sample'), { recursive: true });
    const artifact = await load(moved);
    expect(artifact).toMatchObject({
      digest,
      origin: moved,
      inputs: [],
      manifest: { ...manifest, kinds: ['content'] },
    });
    const exports = await run(artifact);
    expect(exports['default']).toHaveProperty('start');
    expect(mapStack(stackOf(exports['fails']), text(artifact))).toContain('src/deep.ts:3:9');
  });

  test('gives the same bytes for the same files, whenever and wherever', async () => {
    const sample = await sampleFolder();
    const first = await packPlugin(sample, join(folder, 'first.tgz'));
    await utimes(join(sample, 'src/deep.ts'), 1, 1);
    const second = await packPlugin(sample, join(folder, 'second.tgz'));
    expect(await readFile(second.file)).toEqual(await readFile(first.file));
    expect(second.digest).toBe(first.digest);
  });

  test('keeps README and manifest, drops what only development needs, and names no path of the machine', async () => {
    const { file } = await packPlugin(await sampleFolder());
    const files = await readArchive({ path: file }, signal);
    expect([...files.keys()]).toEqual(['index.js', 'index.js.map', 'package.json']);
    expect(JSON.parse(files.get('package.json')!)).toEqual({
      ...manifest,
      type: 'module',
      hotswap: { kinds: ['content'] },
    });
    const unpacked = gunzipSync(await readFile(file)).toString();
    expect(unpacked).toContain('package/README.md');
    expect(unpacked).not.toContain(folder);
  });

  test('takes a folder only', async () => {
    const { file } = await packPlugin(await sampleFolder());
    await expect(packPlugin(file)).rejects.toMatchObject({ code: 'SOURCE_UNSUPPORTED' });
  });

  async function sampleFolder(): Promise<string> {
    const sample = join(folder, 'sample');
    await mkdir(join(sample, 'src'), { recursive: true });
    const packageJson = {
      ...manifest,
      main: './src/index.ts',
      scripts: { x: 'y' },
      devDependencies: {},
      hotswap: { kinds: ['content'] },
    };
    await writeFile(join(sample, 'package.json'), JSON.stringify(packageJson));
    await writeFile(join(sample, 'README.md'), '# Sample');
    await writeFile(join(sample, 'src/index.ts'), 'export { fails } from "./deep.ts"; export default { start() {} };');
    await writeFile(
      join(sample, 'src/deep.ts'),
      'type X = 1;\nexport function fails(): never {\n  throw new Error("deep");\n}',
    );
    return sample;
  }
});

describe('reading an archive', () => {
  const packageJson = { name: 'package/package.json', content: JSON.stringify(manifest) };
  const main = { name: 'package/index.js', content: 'export default { start() {} };' };

  test('takes text that another bundler made', async () => {
    const content = '#!/usr/bin/env node\nimport{join}from"path";export default{start(){return join("a")}};';
    const exports = await run(await load(await archive([packageJson, { ...main, content }])));
    expect(exports['default']).toHaveProperty('start');
  });

  test.each<[string, Partial<Header> & { readonly name: string; readonly content?: string }, string]>([
    ['a symbolic link', { name: 'package/x', type: 'symlink', linkname: '/etc/passwd' }, 'is a symlink'],
    ['a hard link', { name: 'package/x', type: 'link', linkname: 'package/index.js' }, 'is a link'],
    ['a device', { name: 'package/x', type: 'character-device' }, 'is a character-device'],
    ['an absolute path', { name: '/etc/x.js', content: '' }, 'absolute'],
    ['a drive', { name: 'C:/x.js', content: '' }, 'absolute'],
    ['a way out', { name: 'package/../../x.js', content: '' }, 'leads out'],
    ['a way out with backslashes', { name: 'package\\..\\x.js', content: '' }, 'leads out'],
    ['a file twice', main, 'twice'],
  ])('refuses %s and names the entry', async (_, entry, reason) => {
    await expect(load(await archive([packageJson, main, entry]))).rejects.toMatchObject({
      code: 'ARCHIVE_REFUSED',
      details: { entry: entry.name, reason: expect.stringContaining(reason) },
    });
  });

  test('refuses more entries and more bytes than its limits', async () => {
    const many = Array.from({ length: 20 }, (_, n) => ({ name: `package/${n}.txt`, content: 'x' }));
    const limits = { maxEntries: 20, maxBytes: 1_000_000 };
    await expect(readArchive({ path: await archive([packageJson, ...many]) }, signal, limits)).rejects.toMatchObject({
      code: 'ARCHIVE_REFUSED',
      details: { entry: 'package/19.txt', reason: 'is one of more than 20' },
    });
    const bomb = await archive([packageJson, { name: 'package/zeros', content: '\0'.repeat(2_000_000) }]);
    expect((await readFile(bomb)).length).toBeLessThan(10_000);
    await expect(readArchive({ path: bomb }, signal, limits)).rejects.toMatchObject({
      code: 'ARCHIVE_REFUSED',
      details: { reason: 'unpacks to more than 1000000 bytes' },
    });
  });

  test.each([
    ['an import of a package', 'import z from "zod"; export default z;', 'zod'],
    ['an import of another file', 'export * from "./other.js";', './other.js'],
    ['an import at run time', 'export default () => import("left-pad");', 'left-pad'],
  ])('refuses %s: it is not bundled', async (_, content, specifier) => {
    await expect(load(await archive([packageJson, { ...main, content }]))).rejects.toMatchObject({
      code: 'ARCHIVE_NOT_BUNDLED',
      details: { specifier },
    });
  });

  test('refuses an archive without manifest, without main, and what is no archive', async () => {
    await expect(load(await archive([main]))).rejects.toMatchObject({
      code: 'ARCHIVE_REFUSED',
      details: { entry: 'package.json' },
    });
    await expect(load(await archive([packageJson]))).rejects.toMatchObject({ code: 'MANIFEST_INVALID' });
    const noise = join(folder, 'noise.tgz');
    await writeFile(noise, 'not gzip');
    await expect(load(noise)).rejects.toMatchObject({ code: 'ARCHIVE_REFUSED' });
    const cut = await archive([packageJson, main]);
    await writeFile(cut, (await readFile(cut)).subarray(0, 60));
    await expect(load(cut)).rejects.toMatchObject({ code: 'ARCHIVE_REFUSED' });
  });

  test('text that is no module is the author’s to mend', async () => {
    await expect(load(await archive([packageJson, { ...main, content: 'export { ' }]))).rejects.toMatchObject({
      code: 'BUILD_FAILED',
    });
  });

  async function archive(
    entries: readonly (Partial<Header> & { readonly name: string; readonly content?: string })[],
  ): Promise<string> {
    const tar = pack();
    for (const { content = '', ...header } of entries) tar.entry(header, content);
    tar.finalize();
    const chunks: Uint8Array[] = [];
    for await (const chunk of tar) chunks.push(chunk as Uint8Array);
    const file = join(folder, 'made.tgz');
    await writeFile(file, gzipSync(Buffer.concat(chunks)));
    return file;
  }
});

function load(file: string): Promise<Artifact> {
  return loader.load(file, { signal });
}

function text({ program }: Artifact) {
  if (program.type !== 'text') throw new Error('not text');
  return program;
}

function run(artifact: Artifact): Promise<Readonly<Record<string, unknown>>> {
  return compileProgram(text(artifact))({ globals: {}, import: async (specifier) => import(specifier) });
}

function stackOf(fails: unknown): string {
  try {
    (fails as () => never)();
  } catch (error) {
    return String((error as Error).stack);
  }
  throw new Error('did not fail');
}
