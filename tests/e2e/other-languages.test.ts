import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSandbox } from '@hotswap/sandbox';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { root, runProgram } from './node-process.ts';
import type { RunningProgram } from './node-process.ts';

const isRequired = process.env['CI'] === 'true';
const withoutPython =
  spawnSync('/usr/bin/python3', ['-c', 'import grpc, cryptography']).status === 0
    ? undefined
    : 'needs python3-grpcio and python3-cryptography of Debian';
const goEnvironment = { ...process.env, GO111MODULE: 'off', GOPATH: '/usr/share/gocode' };
const withoutGo =
  spawnSync('go', ['list', 'github.com/hashicorp/go-plugin'], { env: goEnvironment }).status === 0
    ? undefined
    : 'needs golang-go and golang-github-hashicorp-go-plugin-dev of Debian';
const missing = (await createSandbox()).report.filter(({ status }) => status === 'missing');
const withoutSandbox =
  missing.length === 0 ? undefined : `this host lacks ${missing.map(({ layer }) => layer).join(', ')}`;

let folder: string;
let server: RunningProgram | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hotswap-languages-'));
  // What is confined is shown to a user of its own.
  await chmod(folder, 0o755);
  await mkdir(join(folder, 'plugins'));
});

const copy = (plugin: string): Promise<void> =>
  cp(join(root, 'examples/polyglot', plugin), join(folder, 'plugins', plugin), { recursive: true });

afterEach(async () => {
  await server?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const hotswap = (...args: readonly string[]): RunningProgram =>
  runProgram(
    process.execPath,
    [
      '--conditions=@hotswap/source',
      '--no-experimental-ffi',
      join(root, 'packages/cli/src/main.ts'),
      ...args,
      '--config',
      'hotswap.toml',
    ],
    { cwd: folder },
  );

/** Serves the folder of plugins. @returns where */
async function serve(plugin: string, isolation: string): Promise<string> {
  await writeFile(
    join(folder, 'hotswap.toml'),
    `[plugins]\nusageInterval = "200ms"\n[plugins.${plugin}]\nisolation = "${isolation}"\n`,
  );
  server = hotswap('run', 'plugins', '--bind', '127.0.0.1:0');
  return server.listening();
}

/** Asks until the answer is the wanted one: a saved file is swapped in a moment later. */
async function answers(url: string, wanted: string, path = '/hello/Ada'): Promise<void> {
  const endsAt = Date.now() + 30_000;
  let answer = '';
  while (Date.now() < endsAt) {
    const response = await fetch(url + path);
    answer = await response.text();
    expect(response.status, `${answer}\n${server?.output()}`).toBe(200);
    if (answer === wanted) return;
  }
  throw new Error(`it answers ${answer} and not ${wanted}:\n${server?.output()}`);
}

async function statusOf(url: string, path: string): Promise<Record<string, unknown>> {
  const token = (await readFile(join(folder, '.hotswap/operator-token'), 'utf8')).trim();
  const response = await fetch(`${url}/plugins/${path}`, { headers: { authorization: `Bearer ${token}` } });
  return (await response.json()) as Record<string, unknown>;
}

async function untilUsageIsKnown(url: string): Promise<Record<string, unknown>> {
  const endsAt = Date.now() + 10_000;
  for (;;) {
    const status = await statusOf(url, 'python-greeter');
    if (status['usage'] !== null || Date.now() > endsAt) return status;
  }
}

const title = (why: string | undefined): string => (why === undefined ? '' : ` (skipped: ${why})`);

describe.skipIf(withoutPython !== undefined && !isRequired)(
  `a plugin in Python that "hotswap run" serves${title(withoutPython)}`,
  () => {
    test('answers over HTTP, is swapped when a file of it is saved, and is told to be unconfined', async () => {
      await copy('python-greeter');
      const url = await serve('python-greeter', 'basic');
      await answers(url, 'Hello, Ada!');
      const main = join(folder, 'plugins/python-greeter/main.py');
      const source = await readFile(main, 'utf8');
      await writeFile(main, source.replaceAll('f"{self._greeting}, ', 'f"{self._greeting} again, '));
      await answers(url, 'Hello again, Ada!');
      expect(await statusOf(url, 'python-greeter')).toMatchObject({
        isolation: 'basic',
        missing_layers: expect.arrayContaining(['files', 'network']),
      });
      expect(await statusOf(url, 'status')).toMatchObject({
        notices: expect.arrayContaining([
          'plugin python-greeter is not confined at level basic: its program may do what the user of this host may do',
        ]),
      });
    });

    test.skipIf(withoutSandbox !== undefined && !isRequired)(
      `runs behind every layer at level sandbox, and its usage is told${title(withoutSandbox)}`,
      async () => {
        await copy('python-greeter');
        const url = await serve('python-greeter', 'sandbox');
        await answers(url, 'Hello, Ada!');
        const status = await untilUsageIsKnown(url);
        expect(status).toMatchObject({ isolation: 'sandbox', missing_layers: [] });
        expect(status['usage']).toMatchObject({ memory_bytes: expect.any(Number), unenforced: [] });
        const { notices = [] } = await statusOf(url, 'status');
        expect(String(notices)).not.toContain('not confined');
      },
    );
  },
);

describe.skipIf(withoutGo !== undefined && !isRequired)(
  `a plugin in Go that "hotswap run" serves${title(withoutGo)}`,
  () => {
    const level = withoutSandbox === undefined ? 'sandbox' : 'basic';
    test(`answers over HTTP at level ${level}`, async () => {
      await copy('go-greeter');
      execFileSync('sh', [join(folder, 'plugins/go-greeter/build.sh')], { stdio: 'pipe' });
      const url = await serve('go-greeter', level);
      await answers(url, 'Hello, Ada!', '/go-hello/Ada');
      expect(await statusOf(url, 'go-greeter')).toMatchObject({ isolation: level, state: 'active' });
    });
  },
);
