import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRuntime, parseRuntimeConfig } from '@hotswap/runtime';
import { createServerLog } from '@hotswap/server';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCommandLine } from '../src/command-line.ts';
import { captureTerminal } from './captured-terminal.ts';
import { makeFolder, writePlugin } from './plugin-folder.ts';

const file = `# our servers
[server]
data = "kept"
[plugins.security]
allowUnsigned = true
[plugins.greeter]
config = { greeting = "hello", volume = 3 }
`;

let cwd: string;

beforeEach(async () => {
  cwd = await makeFolder('config');
  await writeFile(join(cwd, 'hotswap.toml'), file);
  await mkdir(join(cwd, 'plugins'));
  await writePlugin(join(cwd, 'plugins'), { name: 'greeter', start: '' });
});

afterEach(() => rm(cwd, { recursive: true }));

async function hotswap(line: string) {
  const terminal = captureTerminal({ cwd });
  const exitCode = await runCommandLine(['config', ...line.split(' ')], terminal);
  return { exitCode, out: terminal.out(), err: terminal.err() };
}

/** The runtime of a server with that file. */
async function startRuntime(text: string) {
  const { config } = parseRuntimeConfig(text, { format: 'toml', file: join(cwd, 'hotswap.toml'), cwd, env: {} });
  const log = createServerLog({ stream: process.stderr, level: 'silent' });
  const runtime = createRuntime({ config, log, environment: {} });
  await runtime.start();
  return runtime;
}

/** What an operator does to a running server, which then ends. */
async function operate(): Promise<void> {
  const runtime = await startRuntime(file);
  const change = { actor: 'ada', reason: 'too loud' };
  await runtime.configure('greeter', { greeting: 'hullo', password: 'hidden' }, change);
  await runtime.disable('greeter', change);
  await runtime.close();
}

describe('config diff', () => {
  test('says so when nobody has changed anything', async () => {
    const { exitCode, out } = await hotswap('diff');
    expect([exitCode, out]).toEqual([0, expect.stringContaining('nobody has set anything')]);
  });

  test('shows what differs, plugin by plugin, and who did it; values of config only when asked', async () => {
    await operate();
    const { exitCode, out } = await hotswap('diff');
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^greeter {2}.* ago, by ada, too loud$/m);
    expect(out).toMatch(/^ {2}enabled: true in the file, false wanted$/m);
    expect(out).toMatch(/^ {2}config.greeting$/m);
    expect(out).not.toContain('hidden');
    const shown = await hotswap('diff --values');
    expect(shown.out).toMatch(/^ {2}config.volume: 3 in the file, nothing wanted$/m);
    expect(shown.out).toMatch(/^ {2}config.password: nothing in the file, "hidden" wanted$/m);
  });

  test('is data with --json, from the file and the folder that are named', async () => {
    await operate();
    await writeFile(join(cwd, 'other.toml'), '');
    const { out } = await hotswap('diff --json --config other.toml --data kept');
    const { differences } = JSON.parse(out);
    expect(differences).toContainEqual(expect.objectContaining({ plugin: 'greeter', key: 'enabled', wanted: false }));
    expect(out).not.toContain('hidden');
  });

  test('says which file is missing', async () => {
    const { exitCode, err } = await hotswap('diff --config nowhere.toml --json');
    expect(exitCode).toBe(2);
    expect(JSON.parse(err).error.code).toBe('CONFIG_FILE_UNREADABLE');
  });
});

describe('config write-back', () => {
  test('prints the file as it would have to be, and touches nothing', async () => {
    await operate();
    const { exitCode, out } = await hotswap('write-back');
    expect(exitCode).toBe(0);
    expect(
      parseRuntimeConfig(out, { format: 'toml', file: 'x.toml', cwd }).config.plugins.entries['greeter'],
    ).toMatchObject({
      enabled: false,
      config: { greeting: 'hullo', password: 'hidden' },
    });
    expect(await readFile(join(cwd, 'hotswap.toml'), 'utf8')).toBe(file);
  });

  test('replaces the file it is told to, keeps the old one and its mode, and then nothing differs', async () => {
    await operate();
    await chmod(join(cwd, 'hotswap.toml'), 0o640);
    const { exitCode, out } = await hotswap('write-back --write hotswap.toml');
    expect([exitCode, out]).toEqual([0, expect.stringContaining('hotswap.toml.bak')]);
    expect(await readFile(join(cwd, 'hotswap.toml.bak'), 'utf8')).toBe(file);
    expect((await stat(join(cwd, 'hotswap.toml'))).mode & 0o777).toBe(0o640);
    expect((await hotswap('diff')).out).toContain('nobody has set anything');
    const runtime = await startRuntime(await readFile(join(cwd, 'hotswap.toml'), 'utf8'));
    expect(runtime.pluginStatus('greeter').state).toBe('disabled');
    await runtime.close();
  });

  test('makes a new file that its owner alone can read', async () => {
    await operate();
    expect((await hotswap('write-back --write merged.toml')).exitCode).toBe(0);
    expect((await stat(join(cwd, 'merged.toml'))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(cwd, 'hotswap.toml'), 'utf8')).toBe(file);
  });

  test.each([
    ['write-back --write merged.yaml', 2, 'CONFIG_FILE_NOT_TOML'],
    ['write-back --write nowhere/merged.toml', undefined, 'CONFIG_FILE_UNWRITABLE'],
  ])('refuses %s', async (line, expected, code) => {
    const { exitCode, err } = await hotswap(`${line} --json`);
    expect(JSON.parse(err).error.code).toBe(code);
    expect(exitCode).toBe(expected ?? exitCode);
    expect(exitCode).not.toBe(0);
  });
});
