import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createRuntime } from '@hotswap/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blocksIn, layOut, makeFolder, readPages, repository } from './doc-pages.ts';
import { runCommand, runToItsEnd, startProgram } from './run-program.ts';

const pages = readPages();
const programs = pages.flatMap((page) => page.blocks.map((block) => ({ page, block, file: block.file })));
const serving = programs.filter(({ block }) => block.fate === 'serves');
const ending = programs.filter(({ block }) => block.fate === 'ends');
const withPlugins = pages.filter(({ blocks }) => blocks.some(({ file }) => file.startsWith('plugins/')));
let folder: string;

beforeAll(async () => {
  folder = await makeFolder();
  for (const page of pages) await layOut(page, folder);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test('every TypeScript block compiles as it is written', async () => {
  const settings = { extends: '../../../tsconfig.base.json', compilerOptions: { noEmit: true, noUnusedLocals: false } };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings));
  const { stdout } = await run('typescript/bin/tsc', ['-p', folder]);
  expect(stdout).toBe('');
});

test('every test that a page shows passes', async () => {
  const settings = { resolve: { conditions: ['@hotswap/source', 'node', 'default'] }, test: { pool: 'forks' } };
  const config = `const settings = ${JSON.stringify(settings)};
    export default { ...settings, ssr: settings, test: { ...settings.test, execArgv: ['--conditions=@hotswap/source'] } };`;
  await writeFile(join(folder, 'vitest.config.mjs'), config);
  const report = join(folder, 'report.json');
  await run('vitest/vitest.mjs', ['run', '--root', folder, '--reporter', 'json', '--outputFile', report]);
  const { numPassedTests, numFailedTests } = JSON.parse(await readFile(report, 'utf8')) as Record<string, number>;
  expect(numPassedTests).toBeGreaterThan(1);
  expect(numFailedTests).toBe(0);
});

test('there are programs and plugins to run', () => {
  expect(Math.min(serving.length, ending.length, withPlugins.length)).toBeGreaterThan(1);
});

test.each(serving)('$page.path: $file serves the plugin beside it', async ({ page, file }) => {
  const program = await startProgram(await layOut(page, folder), file);
  try {
    const response = await fetch(`${program.url}/hello/ada`);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('ada');
  } finally {
    await program.stop();
  }
});

test.each(ending)('$page.path: $file runs to its end', async ({ page, file }) => {
  expect(await runToItsEnd(await layOut(page, folder), file)).toBe(0);
});

test.each(pages.filter(({ blocks }) => blocks.some(({ fate }) => fate === 'runs')))(
  '$path: its commands run, one after the other',
  async (page) => {
    const own = await layOut(page, folder);
    const lines = page.blocks.filter(({ fate }) => fate === 'runs').flatMap(({ text }) => text.split('\n'));
    for (const line of lines.filter((text) => text.startsWith('$ '))) {
      expect(await runCommand(own, line.slice(2))).toMatchObject({ code: 0 });
    }
  },
);

test.each(withPlugins)('$path: its plugins start, with its config if it shows one', async (page) => {
  const own = await layOut(page, folder);
  const config = join(own, 'hotswap.toml');
  await using runtime = createRuntime({
    plugins: join(own, 'plugins'),
    secrets: { 'greeting-key': 'a secret' },
    ...(existsSync(config) && { config, environment: {} }),
  });
  await runtime.start();
  const states = runtime.status().plugins.map(({ name, state, reason }) => ({ name, state, reason }));
  expect(states.length).toBeGreaterThan(0);
  expect(states.filter(({ state }) => state !== 'active')).toEqual([]);
});

test('a block is found with its language, its file and its fate', () => {
  const text = 'x\n```ts host.ts serves\nconst a = 1;\n```\n\n```console\n$ ls\n```\n';
  expect(blocksIn(text)).toEqual([
    { language: 'ts', file: 'host.ts', fate: 'serves', line: 2, text: 'const a = 1;\n' },
    { language: 'console', file: 'block-2.console', fate: undefined, line: 6, text: '$ ls\n' },
  ]);
});

/** Runs a tool of the repository; what it says of failures is on its standard output. */
function run(tool: string, args: readonly string[]): Promise<{ readonly stdout: string }> {
  const options = { timeout: 50_000, cwd: repository };
  const running = promisify(execFile)(process.execPath, [join(repository, 'node_modules', tool), ...args], options);
  return running.catch((error: { readonly stdout: string }) => error);
}
