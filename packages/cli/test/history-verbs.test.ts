import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Server } from '@hotswap/server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommandLine } from '../src/command-line.ts';
import { serveFolder } from './served-folder.ts';
import { captureTerminal } from './captured-terminal.ts';
import { makeFolder, writePlugin } from './plugin-folder.ts';

let folder: string;
let server: Server;

/** The body of `start(ctx)`, which is given the state as its second argument. */
const counter = `
  let count = arguments[1]?.count ?? 0;
  ctx.http.post('/count', () => Response.json({ count: ++count }));
  return { exportState: () => ({ count }) };`;

beforeAll(async () => {
  folder = await makeFolder('history');
  await writePlugin(join(folder, 'plugins'), {
    name: 'counter',
    manifest: { swap: 'exclusive', stateVersion: 1 },
    start: counter,
  });
  await writePlugin(join(folder, 'plugins'), { name: 'still', start: '' });
  server = await serveFolder(
    folder,
    '[plugins]\nwatch = false\nprobation = "0s"\n[plugins.security.container]\nengine = ["no-such-engine"]\n',
  );
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function hotswap(...args: readonly string[]) {
  const terminal = captureTerminal({
    cwd: folder,
    env: { HOTSWAP_URL: server.url, HOTSWAP_SERVER_DATA: 'data' },
    isTTY: false,
  });
  const exitCode = await runCommandLine(args, terminal);
  return {
    exitCode,
    out: terminal.out(),
    err: terminal.err(),
    json: () => JSON.parse(terminal.out() || terminal.err()),
  };
}

const count = async (): Promise<unknown> => (await fetch(`${server.url}/count`, { method: 'POST' })).json();

test('promote moves a plugin to another level with its state, and back, and history says who and why', async () => {
  expect(await count()).toEqual({ count: 1 });
  const { exitCode, out } = await hotswap('plugin', 'promote', 'counter', 'none', '--reason', 'it is ours');
  expect([exitCode, out]).toEqual([0, expect.stringMatching(/^promoted counter: generation 1 -> 2 in /)]);
  expect(await count()).toEqual({ count: 2 });
  expect((await hotswap('plugin', 'status', 'counter', '--json')).json()).toMatchObject({ isolation: 'none' });

  const back = await hotswap('plugin', 'rollback', 'counter', '--reason', 'it is not', '--json');
  expect(back.json()).toMatchObject({ plugin: 'counter', answer: { report: { outcome: 'swapped', from: 2, to: 3 } } });
  expect(await count()).toEqual({ count: 3 });
  expect((await hotswap('plugin', 'status', 'counter', '--json')).json()).toMatchObject({ isolation: 'basic' });

  const { changes } = (await hotswap('plugin', 'history', 'counter', '--json')).json();
  expect(changes).toMatchObject([
    { operation: 'rollback', from: 2, to: 3, actor: 'token', reason: 'it is not', outcome: 'swapped' },
    { operation: 'promote', from: 1, to: 2, actor: 'token', reason: 'it is ours', outcome: 'swapped' },
    { operation: 'load', from: null, to: 1, to_version: '1.0.0', actor: 'start-up' },
  ]);
});

test('history is a table with the newest change first, and says what a rollback would do', async () => {
  await hotswap('plugin', 'promote', 'counter', 'strict', '--reason', 'once more');
  const { out } = await hotswap('plugin', 'history', 'counter');
  const [titles, newest] = out.split('\n');
  expect(titles).toMatch(/^WHEN +OPERATION +FROM -> TO +VERSION +WHO +WHY +OUTCOME +STATE KEPT$/);
  expect(newest).toMatch(/ago +promote +3 -> 4 +1\.0\.0 +token +once more +swapped +yes$/);
  expect(out).toMatch(/^"hotswap plugin rollback counter" goes back to generation 3 \(1\.0\.0\)$/m);
  expect((await hotswap('plugin', 'status', 'counter')).out).toMatch(/^state kept +\d.* ago, \d+ bytes$/m);
});

test('history of a plugin that has only been loaded has no way back', async () => {
  expect((await hotswap('plugin', 'history', 'still')).out).toMatch(/^no snapshot to roll back to$/m);
});

test('a level that is not to be had is refused by name, in history too, and the plugin serves on', async () => {
  const { exitCode, err } = await hotswap('plugin', 'promote', 'still', 'container');
  expect(exitCode).toBe(7);
  expect(err).toMatch(/no-such-engine/);
  expect(err).toMatch(/CONTAINER_UNAVAILABLE/);
  expect((await hotswap('plugin', 'history', 'still')).out).toMatch(/promote.* kept CONTAINER_UNAVAILABLE/);
  expect((await hotswap('plugin', 'status', 'still', '--json')).json()).toMatchObject({ state: 'active' });
});

test.each([
  [['promote', 'still'], 2, /still strict/],
  [['promote', 'still', 'steel'], 2, /none, basic, strict/],
  [['promote', 'still', 'basic'], 5, /ISOLATION_UNCHANGED/],
  [['promote', 'nobody', 'basic'], 4, /PLUGIN_UNKNOWN/],
  [['history', 'nobody'], 4, /PLUGIN_UNKNOWN/],
  [['rollback', 'still', '--force'], 5, /SNAPSHOT_MISSING/],
])('%j is refused with exit code %i and says why', async (args, code, problem) => {
  const { exitCode, err } = await hotswap('plugin', ...args);
  expect(err).toMatch(problem);
  expect(exitCode).toBe(code);
});
