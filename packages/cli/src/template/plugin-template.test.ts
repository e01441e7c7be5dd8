import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pluginTemplate, templateKinds } from './plugin-template.ts';

const start = promisify(execFile);
const repository = fileURLToPath(new URL('../../../../', import.meta.url));
/** What reads the packages of this repository from their sources. */
const workspaceOptions = { customConditions: ['@hotswap/source'], rewriteRelativeImportExtensions: true };
let folder: string;

describe('every template', () => {
  beforeAll(async () => {
    // Inside the repository, so that the workspace's packages resolve.
    folder = await mkdtemp(join(repository, 'packages/cli/.templates-'));
    for (const kind of templateKinds) await write(join(folder, 'plugins', kind), `my-${kind}`, kind);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('type-checks with the settings it comes with', async () => {
    // One run for all of them: their settings are the same.
    const extended = './plugins/protocol/tsconfig.json';
    const all = { extends: extended, include: ['plugins/*/src'], compilerOptions: workspaceOptions };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(all));
    expect(await run('tsc', ['-p', folder])).toBe('');
  }, 60_000);

  test('passes the tests it comes with', async () => {
    const config = join(repository, 'vitest.config.ts');
    const results = join(folder, 'results.json');
    const reporting = ['--reporter', 'json', '--outputFile', results, '--no-isolate', '--maxWorkers', '1'];
    const output = await run('vitest', ['run', '--root', folder, '--config', config, ...reporting]);
    const { numPassedTests, numFailedTests }: Record<string, number> = JSON.parse(await readFile(results, 'utf8'));
    expect(numFailedTests, output).toBe(0);
    expect(numPassedTests).toBeGreaterThanOrEqual(templateKinds.length);
  }, 60_000);
});

test('names the plugin by its scope in the manifest and without it in its paths', () => {
  const files = new Map(pluginTemplate('@team/geo', 'protocol').map(({ path, text }) => [path, text]));
  expect(JSON.parse(files.get('package.json') ?? '')).toMatchObject({ name: '@team/geo', main: './src/index.ts' });
  expect(files.get('src/index.ts')).toContain("'/geo/:who'");
});

test.each(['Geo', 'my plugin', 'status', '@team/reload', ''])('refuses the name "%s"', (name) => {
  expect(() => pluginTemplate(name, 'protocol')).toThrowError(expect.objectContaining({ code: 'PLUGIN_NAME_INVALID' }));
});

test('refuses a kind without a template and names those there are', () => {
  expect(() => pluginTemplate('geo', 'constructor')).toThrowError(
    expect.objectContaining({ code: 'PLUGIN_KIND_UNKNOWN', message: expect.stringContaining('ratelimit') }),
  );
});

/** What a tool of the repository prints, also when it fails. */
async function run(tool: string, args: readonly string[]): Promise<string> {
  const { stdout } = await start(join(repository, 'node_modules/.bin', tool), [...args], { timeout: 50_000 }).catch(
    (failure: { readonly stdout: string }) => failure,
  );
  return stdout;
}

async function write(target: string, name: string, kind: string): Promise<void> {
  for (const { path, text } of pluginTemplate(name, kind)) {
    const file = join(target, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}
