import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PluginBuilder } from './build-plugin.ts';
import type { Bundle } from './bundle.ts';

const { signal } = new AbortController();
let folder: string;
let builder: PluginBuilder;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hotswap-build-'));
  builder = new PluginBuilder();
});
afterEach(async () => {
  await builder.close();
  await rm(folder, { recursive: true });
});

// The list of a process's children is where Linux keeps it.
test.skipIf(process.platform !== 'linux')('goes on when the bundler’s process is killed', async () => {
  const others = await bundlerProcesses();
  await Promise.all(['a', 'b', 'c'].map((name) => build(name, 1)));
  const own = [...(await bundlerProcesses())].filter((id) => !others.has(id));
  expect(own).toHaveLength(1);
  for (const id of own) process.kill(id, 'SIGKILL');
  const bundles = await Promise.all(['a', 'b', 'c'].map((name) => build(name, 2)));
  expect(bundles.map(({ code }) => code.includes('version 2'))).toEqual([true, true, true]);
});

test('the plugin’s own tsconfig counts, and a change of it is seen', async () => {
  await writeFile(join(folder, 'tsconfig.json'), '{ "compilerOptions": { "jsxFactory": "one" } } // comment');
  expect((await build('a', 1, '<p />')).code).toContain('one("p"');
  await writeFile(join(folder, 'tsconfig.json'), '{ "compilerOptions": { "jsxFactory": "two" } }');
  expect((await build('a', 1, '<p />')).code).toContain('two("p"');
});

test('what is above the plugin’s folder does not change the bundle', async () => {
  await writeFile(join(folder, 'tsconfig.json'), '{ "compilerOptions": { "jsxFactory": "one" } }');
  const root = await mkdtemp(join(folder, 'plugin-'));
  const entry = join(root, 'a.tsx');
  await writeFile(entry, 'export const x = <p />;');
  expect((await builder.build({ plugin: 'a', root, entry }, signal)).code).toContain('React.createElement("p"');
});

test('a warning is told to the log', async () => {
  const warnings: unknown[] = [];
  const line = (fields: unknown): void => void warnings.push(fields);
  builder = new PluginBuilder({ log: { debug: () => {}, warn: line } });
  await build('a', 1, 'typeof version === "nul"');
  expect(warnings).toEqual([{ plugin: 'a', warning: expect.stringContaining('typeof') }]);
});

async function build(name: string, version: number, expression = '0'): Promise<Bundle> {
  const entry = join(folder, `${name}.tsx`);
  await writeFile(entry, `export const version = "version ${version}", x = ${expression};`);
  return builder.build({ plugin: name, root: folder, entry }, signal);
}

async function bundlerProcesses(): Promise<Set<number>> {
  const children = await readFile(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8');
  const ids = children.trim().split(/\s+/).filter(Boolean).map(Number);
  const isBundler = await Promise.all(
    ids.map(async (id) => (await readFile(`/proc/${id}/cmdline`, 'utf8')).includes('esbuild')),
  );
  return new Set(ids.filter((_, index) => isBundler[index]));
}
