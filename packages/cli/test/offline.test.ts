import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommandLine } from '../src/command-line.ts';
import { captureTerminal } from './captured-terminal.ts';
import { makeFolder } from './plugin-folder.ts';

let cwd: string;

beforeAll(async () => {
  cwd = await makeFolder('offline');
});

afterAll(() => rm(cwd, { recursive: true }));

async function hotswap(line: string) {
  const terminal = captureTerminal({ cwd });
  const exitCode = await runCommandLine(line.split(' '), terminal);
  return { exitCode, out: terminal.out(), err: terminal.err() };
}

test('--version prints the version of the package', async () => {
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
  expect(await hotswap('--version')).toEqual({ exitCode: 0, out: `${version}\n`, err: '' });
});

test('--help shows a command with its options and examples', async () => {
  const { exitCode, out } = await hotswap('plugin swap --help');
  expect(exitCode).toBe(0);
  expect(out).toContain('hotswap plugin swap greeter ./greeter-2.0.0.tgz --watch');
  expect(out).toContain('--json');
});

test('a group without a verb shows what it has', async () => {
  const { exitCode, out, err } = await hotswap('plugin');
  expect(exitCode).toBe(2);
  expect(out + err).toContain('rollback');
  expect(out + err).not.toContain('error');
});

test('init writes a plugin and says what to do next', async () => {
  const { exitCode, out } = await hotswap('plugin init my-limits --type ratelimit');
  expect(exitCode).toBe(0);
  expect(out).toContain('hotswap plugin dev my-limits');
  expect(JSON.parse(await readFile(join(cwd, 'my-limits/package.json'), 'utf8'))).toMatchObject({
    name: 'my-limits',
    hotswap: { kinds: ['ratelimit'] },
  });
});

test('init touches nothing that exists', async () => {
  await hotswap('plugin init --name=twice --dir=there');
  const before = await readdir(join(cwd, 'there'));
  const again = await hotswap('plugin init --name=other --dir=there --json');
  expect(again.exitCode).toBe(5);
  expect(JSON.parse(again.err).error.code).toBe('TEMPLATE_TARGET_EXISTS');
  expect(await readdir(join(cwd, 'there'))).toEqual(before);
  expect((await hotswap('plugin init third --dir there/package.json')).exitCode).toBe(5);
});

test.each(['bash', 'zsh', 'fish'])('completion knows every verb in %s', async (shell) => {
  const { out } = await hotswap(`completion ${shell}`);
  for (const word of ['run', 'serve', 'plugin', 'rollback', 'init']) expect(out).toContain(word);
});
