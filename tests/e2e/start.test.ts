import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root, runProgram, runScript } from './node-process.ts';
import type { RunningProgram } from './node-process.ts';

/** A copy of the examples, so that a test may save what it likes. */
let folder: string;
let server: RunningProgram;
let url: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hotswap-start-'));
  await cp(join(root, 'examples/plugins'), join(folder, 'plugins'), { recursive: true });
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'plugins/patient.ts'), patientPlugin);
});

async function start(how: 'npm' | 'node'): Promise<void> {
  const script = await startScript();
  const options = { cwd: folder, env: { HOTSWAP_SERVER_DATA: join(folder, 'data') } };
  await writeFile(join(folder, 'package.json'), JSON.stringify({ scripts: { start: script } }));
  server = how === 'npm' ? runProgram('npm', ['start'], options) : runScript(script, options);
  url = await server.listening();
}

afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Answers after a second, and tells how many requests have begun. */
const patientPlugin = `import { definePlugin } from '@hotswap/sdk';

let begun = 0;

export default definePlugin({
  start(ctx) {
    ctx.http.get('/patient/begun', () => new Response(String(begun)));
    ctx.http.get('/patient', async () => {
      begun += 1;
      await ctx.clock.sleep(1_000);
      return new Response('it was worth the wait');
    });
  },
});
`;

/** What `npm start` says, on the copy and on a free port. */
async function startScript(): Promise<string> {
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  expect(scripts.start).toMatch(/ packages\/cli\/src\/main.ts run examples\/plugins$/);
  return scripts.start
    .replace('packages/cli', join(root, 'packages/cli'))
    .replace('run examples/plugins', 'run plugins --bind 127.0.0.1:0');
}

async function ask(path: string): Promise<string> {
  return (await fetch(url + path)).text();
}

/** Asks again and again until the answer is the wanted one; the time it took, in milliseconds. */
async function askUntil(path: string, wanted: string): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const answer = await ask(path);
    const ms = performance.now() - startedAt;
    if (answer === wanted) return ms;
    if (ms > 10_000) throw new Error(`${path} still answers ${answer} after ${ms} ms:\n${server.output()}`);
  }
}

const greeterSource = (): string => join(folder, 'plugins/greeter/src/index.ts');

async function saveGreeter(change: (source: string) => string): Promise<void> {
  const source = await readFile(greeterSource(), 'utf8');
  expect(change(source)).not.toBe(source);
  await writeFile(greeterSource(), change(source));
}

test('says where it listens and what to try next, and every address it names answers', async () => {
  await start('node');
  const { index } = await server.says(/^try next:\n(?: {2}.*\n)+/m);
  const hints = server.output().slice(index);
  expect(hints).toMatch(/edit .*greeter/);
  const addresses = [...hints.matchAll(/^ {2}curl (\S+)$/gm)].map(([, address = '']) => address);
  expect(addresses.length).toBeGreaterThanOrEqual(4);
  for (const address of addresses) {
    const response = await fetch(address);
    expect(response.status, address).toBe(200);
    // One of them is a stream without an end: the first bytes are enough.
    const reader = response.body!.getReader();
    expect((await reader.read()).value?.length, address).toBeGreaterThan(0);
    await reader.cancel();
  }
  expect(server.output()).not.toMatch(/\(failed\)|"level":"ERROR"/);
});

test('reads a posted key with real npm libraries', async () => {
  await start('node');
  const body = await ask('/keys/example');
  const report = await fetch(`${url}/keys/inspect`, { method: 'POST', body });
  expect(await report.json()).toMatchObject({ userIds: ['Ada Example <ada@example.org>'] });
});

test('serves what is saved, and keeps it when the next save has a syntax error', async () => {
  await start('node');
  await server.says(/^try next:/m);
  expect(await ask('/hello/ada')).toBe('hello ada\n');
  await saveGreeter((source) => source.replace('`${ctx.config.greeting} ', '`good day '));
  const ms = await askUntil('/hello/ada', 'good day ada\n');
  console.log(`a saved plugin answered after ${ms.toFixed(0)} ms`);

  const from = server.output().length;
  await saveGreeter((source) => source.replace('start(ctx) {', 'start(ctx {'));
  await server.says(/goes on serving/, { from });
  await server.says(/greeter does not build: src\/index\.ts:8:\d+: /, { from });
  // The frame: the line with its number, and a mark below the place.
  await server.says(/ 8 \| {3}start\(ctx \{\n +\| +\^/, { from });
  expect(await ask('/hello/ada')).toBe('good day ada\n');

  await saveGreeter((source) => source.replace('start(ctx {', 'start(ctx) {').replace('good day', 'welcome'));
  await askUntil('/hello/ada', 'welcome ada\n');
});

test.each([
  ['SIGTERM', 'node', () => server.kill('SIGTERM')],
  ['SIGTERM to npm', 'npm', () => server.kill('SIGTERM')],
  // The terminal sends it to npm and to the server, and npm passes it on: the server gets it twice.
  ['Ctrl-C under npm', 'npm', () => server.killGroup('SIGINT')],
] as const)('%s: what has begun is answered, and it ends with exit code 0', async (_signal, how, stop) => {
  await start(how);
  const answer = ask('/patient');
  await askUntil('/patient/begun', '1');
  stop();
  expect(await answer).toBe('it was worth the wait');
  expect(await server.ended).toBe(0);
  await expect(fetch(url)).rejects.toThrow();
});
