import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

import { createSandbox } from '@hotswap/sandbox';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { packPackages, publishedManifest } from '../../scripts/pack.ts';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');
const levels = ['none', 'basic', 'strict', 'sandbox'] as const;

const missing = (await createSandbox()).report.filter(({ status }) => status === 'missing');
/** Why nothing can be confined here. */
const withoutSandbox =
  missing.length === 0 ? undefined : `this host lacks ${missing.map(({ layer }) => layer).join(', ')}`;
const withoutPython =
  spawnSync('/usr/bin/python3', ['-c', 'import grpc, cryptography']).status === 0
    ? undefined
    : 'needs python3-grpcio and python3-cryptography of Debian';

let consumer: string;
let tarballs: readonly string[];
let whyNotInstalled: string | undefined;

beforeAll(async () => {
  consumer = await mkdtemp(join(tmpdir(), 'hotswap-consumer-'));
  tarballs = packPackages(root, join(consumer, 'tarballs'));
  await cp(join(import.meta.dirname, 'consumer'), consumer, { recursive: true });
  await writeFile(join(consumer, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n');
  for (const level of levels) {
    await writeGreeter(join(consumer, `plugins-${level}`, 'greeter'), '1.0.0', 'hello', level);
    await writeGreeter(join(consumer, `next-${level}`), '2.0.0', 'good day', level);
  }
  await writeCounter(join(consumer, 'plugins-counter', 'counter'));
  whyNotInstalled = await installTarballs();
});

afterAll(() => rm(consumer, { recursive: true, force: true }));

/** Why the tarballs could not be installed: only a missing network is a reason to go on, and never in CI. */
async function installTarballs(): Promise<string | undefined> {
  try {
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...tarballs], { cwd: consumer });
    return undefined;
  } catch (error) {
    const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|ETIMEDOUT/.exec(String(error))?.[0];
    if (offline === undefined || process.env['CI'] !== undefined) throw error;
    return `the registry cannot be reached (${offline})`;
  }
}

async function writeGreeter(folder: string, version: string, greeting: string, isolation: string): Promise<void> {
  const entry = `import { definePlugin } from '@hotswap/sdk';
export default definePlugin({
  start(ctx) {
    ctx.http.get('/hello/:name', (request, { params }) => new Response('${greeting} ' + params.name));
  },
});
`;
  await writePlugin(folder, { name: 'greeter', version, isolation, entry });
}

/** Counts in memory, says so over its swaps, and echoes what it hears over a WebSocket. */
async function writeCounter(folder: string): Promise<void> {
  const entry = `import { definePlugin } from '@hotswap/sdk';
export default definePlugin({
  swap: 'exclusive',
  state: { version: 1 },
  start(ctx, state) {
    let total = state?.total ?? 0;
    ctx.http.post('/count', () => new Response(String(++total)));
    ctx.http.websocket('/echo', { message: (peer, data) => peer.send(data) });
    return { exportState: () => ({ total }) };
  },
});
`;
  await writePlugin(folder, { name: 'counter', version: '1.0.0', isolation: 'basic', entry });
}

interface PluginText {
  readonly name: string;
  readonly version: string;
  readonly isolation: string;
  readonly entry: string;
}

async function writePlugin(folder: string, { name, version, isolation, entry }: PluginText): Promise<void> {
  const manifest = {
    name,
    version,
    type: 'module',
    main: './index.js',
    engines: { hotswap: '^1.0.0' },
    hotswap: { kinds: ['protocol'], isolation },
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
  await writeFile(join(folder, 'index.js'), entry);
}

/** The address in the first line that a server writes. */
async function addressIn(output: Readable, signal: AbortSignal): Promise<string> {
  for await (const line of createInterface({ input: output, signal })) {
    const address = /^listening on (\S+)/.exec(line)?.[1];
    if (address !== undefined) return address;
  }
  throw new Error('the server ended before it listened');
}

test('manifests lose what only the workspace understands', () => {
  const exports = { '.': { '@hotswap/source': './src/index.ts', default: './dist/index.js' } };
  const manifest = { name: 'a', exports, scripts: { test: 'x' }, devDependencies: { b: '1' } };
  expect(publishedManifest(manifest)).toEqual({ name: 'a', exports: { '.': { default: './dist/index.js' } } });
});

test('every tarball is well formed for its users', async () => {
  for (const tarball of tarballs) {
    const bytes = await readFile(tarball);
    const archive = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const { messages } = await publint({ pack: { tarball: archive }, level: 'warning' });
    expect(messages, tarball).toEqual([]);
  }
});

/** Runs the packed command line to its end. */
async function hotswap(...args: readonly string[]): Promise<string> {
  const program = join(consumer, 'node_modules/.bin/hotswap');
  const { stdout } = await run(program, args, { cwd: consumer, timeout: 30_000 });
  return stdout;
}

/** Starts a server by the packed command line, killed with its test. */
async function serve(...args: readonly string[]): Promise<{ readonly url: string; stop(): Promise<unknown> }> {
  const server = spawn(join(consumer, 'node_modules/.bin/hotswap'), args, {
    cwd: consumer,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void server.kill('SIGKILL'));
  const signal = AbortSignal.timeout(30_000);
  const url = await addressIn(server.stdout, signal);
  return {
    url,
    stop: async () => {
      server.kill('SIGTERM');
      return once(server, 'exit', { signal });
    },
  };
}

/** The last line that a program of the consumer prints. */
async function lastLine(...args: readonly string[]): Promise<unknown> {
  const { stdout } = await run(process.execPath, args, { cwd: consumer, timeout: 60_000 });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

describe('installed outside the workspace, in a folder that other users cannot enter', () => {
  /** @param why it cannot run here; in CI it must */
  const installed = (title: string, body: () => Promise<void>, why?: string): void => {
    const isSkipped = why !== undefined && process.env['CI'] === undefined;
    test.skipIf(isSkipped)(isSkipped ? `${title} (skipped: ${why})` : title, async ({ skip }) => {
      if (whyNotInstalled !== undefined) skip(whyNotInstalled);
      await body();
    });
  };

  installed('a program against the public names checks', async () => {
    const tsc = join(root, 'node_modules/.bin/tsc');
    const typeRoots = join(root, 'node_modules/@types');
    await run(tsc, ['-p', consumer, '--typeRoots', typeRoots], { cwd: consumer }).catch((error: unknown) => {
      throw new Error(`the program does not check:\n${(error as { readonly stdout: string }).stdout}`, {
        cause: error,
      });
    });
  });

  for (const level of levels) {
    const why = level === 'sandbox' ? withoutSandbox : undefined;
    const swaps = async (): Promise<void> => {
      const answer = await lastLine('consumer.ts', level);
      expect(answer).toEqual({ before: 'hello ada', outcome: 'swapped', after: 'good day ada' });
    };
    installed(`a plugin is loaded and swapped at level ${level}`, swaps, why);
  }

  const confines = async (): Promise<void> => {
    expect(await lastLine('promoted.ts')).toEqual({
      missing: [],
      path: [
        ['strict', 'swapped', 1],
        ['sandbox', 'swapped', 2],
        ['strict', 'swapped', 3],
      ],
    });
  };
  installed('a plugin moves from a thread into a confined process and back with its state', confines, withoutSandbox);

  const executes = async (): Promise<void> => {
    const secret = join(consumer, 'package.json');
    const script = `try { require('node:fs').readFileSync(${JSON.stringify(secret)}); console.log('read'); }
      catch (error) { console.log(process.argv[2], error.code); }`;
    await writeFile(join(consumer, 'script.cjs'), script);
    expect(await hotswap('sandbox', 'exec', 'script.cjs', 'refused')).toMatch(/^refused (ENOENT|ERR_ACCESS_DENIED)\n$/);
  };
  installed('hotswap sandbox exec confines a script', executes, withoutSandbox);

  installed('a server loads what a trusted key has signed, and nothing else', async () => {
    await writeFile(
      join(consumer, 'signed.toml'),
      `[server]\nbind = "127.0.0.1:0"\ndata = "signed-data"\n[plugins]\ndirectory = "releases"\n`,
    );
    await mkdir(join(consumer, 'releases'));
    await hotswap('plugin', 'keygen', 'release');
    await hotswap('plugin', 'pack', 'next-strict', '--sign', 'release.key', '--out', 'releases/greeter-2.0.0.tgz');
    const refused = await serve('serve', '--config', 'signed.toml');
    expect((await fetch(`${refused.url}/hello/ada`)).status).not.toBe(200);
    await refused.stop();
    await hotswap('trust', 'add', 'release.pub', '--plugins', 'greet*', '--data', 'signed-data');
    const { url } = await serve('serve', '--config', 'signed.toml');
    expect(await (await fetch(`${url}/hello/ada`)).text()).toBe('good day ada');
  });

  const speaksPython = async (): Promise<void> => {
    const plugin = join(consumer, 'plugins-python/python-greeter');
    await cp(join(root, 'examples/polyglot/python-greeter'), plugin, { recursive: true });
    const level = withoutSandbox === undefined ? 'sandbox' : 'basic';
    await writeFile(join(consumer, 'python.toml'), `[plugins.python-greeter]\nisolation = "${level}"\n`);
    const { url } = await serve('run', './plugins-python', '--bind', '127.0.0.1:0', '--config', 'python.toml');
    expect(await (await fetch(`${url}/hello/ada`)).text()).toBe('Hello, ada!');
  };
  installed('hotswap run serves a plugin in Python', speaksPython, withoutPython);

  installed('a plugin moves into a thread with its state, and answers a WebSocket there', async () => {
    expect(await lastLine('stateful.ts')).toEqual({
      before: [1, 2],
      outcome: 'swapped',
      isolation: 'strict',
      after: 3,
      echo: 'hello',
    });
  });

  for (const [home, entry] of [
    ['thread', 'worker-main.cjs'],
    ['process', 'process-main.cjs'],
  ]) {
    installed(`the ${home} of a plugin runs one file of the tarball, found by its exports`, async () => {
      const runtime = join(consumer, 'node_modules/@hotswap/runtime');
      const { exports } = JSON.parse(await readFile(join(runtime, 'package.json'), 'utf8')) as {
        readonly exports: Readonly<Record<string, unknown>>;
      };
      expect(exports[`./guest-${home}`]).toEqual({ default: `./dist/guest/remote/${entry}` });
      const text = await readFile(join(runtime, `dist/guest/remote/${entry}`), 'utf8');
      const required = [...text.matchAll(/require\("([^"]+)"\)/g)].map(([, name]) => name ?? '');
      expect(required.filter((name) => !isBuiltin(name))).toEqual([]);
    });
  }

  installed('no manifest has the condition that only the workspace understands', async () => {
    for (const name of ['sandbox', 'polyglot', 'runtime', 'server']) {
      const folder = join(consumer, 'node_modules/@hotswap', name);
      expect(await readFile(join(folder, 'package.json'), 'utf8')).not.toContain('@hotswap/source');
      expect(await readFile(join(folder, 'LICENSE'), 'utf8')).toContain('Apache License');
    }
  });

  installed('hotswap doctor looks at a server that the same command line runs', async () => {
    const { url, stop } = await serve('run', './plugins-strict', '--bind', '127.0.0.1:0');
    const {
      server: looked,
      summary,
      checks,
      generations,
    } = JSON.parse(await hotswap('doctor', '--json', '--url', url));
    expect(looked).toEqual({ url, answers: true });
    expect(summary.problem, JSON.stringify(checks)).toBe(0);
    expect(generations).toEqual([expect.objectContaining({ plugin: 'greeter', isolation: 'strict', state: 'active' })]);
    expect(await stop()).toEqual([0, null]);
  });

  installed('the command line tells its version', async () => {
    const { version } = JSON.parse(await readFile(join(root, 'packages/cli/package.json'), 'utf8')) as {
      version: string;
    };
    const { stdout } = await run(join(consumer, 'node_modules/.bin/hotswap'), ['--version'], {
      cwd: consumer,
      timeout: 30_000,
    });
    expect(stdout).toContain(version);
  });
});
