import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { definePlugin } from '@hotswap/sdk';
import { createServerLog, operatorTokenFile } from '@hotswap/server';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KeyCandidate, KeyEvent, Verdict } from '../src/index.ts';
import { startKeyServer } from '../src/server.ts';
import { ada, grace, makeKey, revoked, withUsers } from './make-key.ts';
import { index, runServer, send } from './running-server.ts';
import type { RunningServer } from './running-server.ts';

const silent = createServerLog({ stream: process.stderr, level: 'silent' });

let running: RunningServer;

beforeEach(async () => {
  running = await runServer();
});

afterEach(() => running[Symbol.asyncDispose]());

/** A plugin that refuses keys with a user id that has the word in it. */
const refusing = (word: string) =>
  definePlugin({
    start: (ctx) =>
      ctx.extensions.handle<KeyCandidate, Verdict>('key.validate', ({ facts }) =>
        facts.userIds.some((user) => user.text.includes(word))
          ? { accept: false, reason: `no ${word} here` }
          : { accept: true },
      ),
  });

test('keeps keys over a restart', async () => {
  const key = await makeKey();
  await send(running.url, key.armored);
  await running.server.close();
  await using again = await runServer(running.data);
  expect(await index(again.url, 'ada')).toMatchObject({ status: 200, body: expect.stringContaining(key.fingerprint) });
});

test('answers what old clients send: HTTP/1.0, a host by name, raw brackets in the request line', async () => {
  const key = await makeKey();
  await send(running.url, key.armored);
  const socket = net.connect(running.port, '127.0.0.1');
  const query = `op=get&options=mr&search=<ada@example.org>&exact=on`;
  socket.end(`GET /pks/lookup?${query} HTTP/1.0\r\nHost: localhost:${running.port}\r\nConnection: close\r\n\r\n`);
  const answer = await text(socket);
  expect(answer).toMatch(/^HTTP\/1\.[01] 200 /);
  expect(answer).toContain('-----END PGP PUBLIC KEY BLOCK-----');
});

test('keeps out what a plugin rejects, and follows the plugin through a swap', async () => {
  const { runtime } = running.server;
  const [one, two] = await Promise.all([makeKey({ users: [ada] }), makeKey({ users: [grace] })]);
  await runtime.load({ name: 'gate', definition: refusing('Ada') });
  expect(await send(running.url, one.armored)).toMatchObject({
    status: 422,
    body: `KEY_REJECTED: key ${one.fingerprint} was rejected: no Ada here\n`,
  });
  expect(await send(running.url, two.armored)).toMatchObject({ status: 200 });
  await runtime.swap('gate', { name: 'gate', definition: refusing('Eve') });
  expect(await send(running.url, one.armored)).toMatchObject({ status: 200 });
});

test('refuses to take a key in unchecked when a plugin fails', async () => {
  const failing = definePlugin({
    start: (ctx) =>
      ctx.extensions.handle('key.content', () => {
        throw new Error('the scanner is down');
      }),
  });
  await running.server.runtime.load({ name: 'scanner', definition: failing });
  const answer = await send(running.url, (await makeKey()).armored);
  expect(answer).toMatchObject({ status: 502, body: expect.stringContaining('plugin scanner could not check') });
  expect(answer.body).not.toContain('is down');
  expect(await index(running.url, 'ada')).toMatchObject({ status: 404 });
});

test('tells plugins what became of keys', async () => {
  const heard: string[] = [];
  const { promise: removed, resolve } = Promise.withResolvers<void>();
  const listener = definePlugin({
    start(ctx) {
      for (const name of ['key.added', 'key.changed', 'key.revoked', 'key.removed']) {
        ctx.events.on<KeyEvent>(name, ({ payload }) => {
          heard.push(`${name} ${payload.fingerprint}`);
          if (name === 'key.removed') resolve();
        });
      }
    },
  });
  await running.server.runtime.load({ name: 'listener', definition: listener });
  const key = await makeKey();
  for (const copy of [key.armored, key.armored, await revoked(key)]) await send(running.url, copy);
  await running.server.removeKey(key.fingerprint);
  await removed;
  const names = ['key.added', 'key.changed', 'key.revoked', 'key.removed'];
  expect(heard).toEqual(names.map((name) => `${name} ${key.fingerprint}`));
});

test('loses no add and no look-up while a plugin on its path is swapped again and again', async () => {
  const { runtime } = running.server;
  const passing = definePlugin({
    start: (ctx) => ctx.http.use({ paths: ['/pks/*'] }, (request, next) => next(request)),
  });
  await runtime.load({ name: 'passing', definition: passing });
  const key = await makeKey();
  const copies = await Promise.all(
    Array.from({ length: 10 }, (_, number) => withUsers(key, [{ name: `Ada ${number}`, email: `a${number}@b.org` }])),
  );
  const sending = copies.map(({ armored }) => send(running.url, armored));
  const reports = [];
  for (let round = 0; round < 10; round += 1) {
    reports.push(await runtime.swap('passing', { name: 'passing', definition: passing }));
    sending.push(
      index(running.url, 'nobody').then(({ status, body }) => ({ status: status === 404 ? 200 : status, body })),
    );
  }
  const answers = await Promise.all(sending);
  expect(reports.map(({ outcome }) => outcome)).toEqual(reports.map(() => 'swapped'));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect((await index(running.url, `0x${key.fingerprint}`)).body.match(/^uid:/gm)).toHaveLength(10);
});

test('is limited by the antiabuse plugin', async () => {
  const folder = join(import.meta.dirname, '../../../plugins/antiabuse');
  await running.server.runtime.load(folder, { config: { adds: 1 } });
  const { armored } = await makeKey();
  expect(await send(running.url, armored)).toMatchObject({ status: 200 });
  expect(await send(running.url, armored)).toMatchObject({ status: 429 });
  expect(await index(running.url, 'ada')).toMatchObject({ status: 200 });
});

test('shows its plugins to operators, with metrics under its own prefix', async () => {
  await running.server.runtime.load({ name: 'gate', definition: refusing('Eve') });
  const token = (await readFile(operatorTokenFile(running.data), 'utf8')).trim();
  const status = await fetch(`${running.url}/plugins/status`, { headers: { authorization: `Bearer ${token}` } });
  expect(await status.json()).toMatchObject({ plugin_system: { plugin_states: { gate: 'active' } } });
  expect((await fetch(`${running.url}/plugins/reload?plugin=gate`, { method: 'POST' })).status).toBe(401);
  expect(running.server.runtime.metrics()).toContain('hockeypuck_plugin_active_requests{plugin_name="gate"}');
});

describe('when it is started', () => {
  test('says that its config file is missing', async () => {
    const env = { HOTSWAP_CONFIG: 'nowhere.toml' };
    const starting = startKeyServer({ env, cwd: running.data, log: silent });
    await expect(starting).rejects.toMatchObject({ code: 'CONFIG_FILE_MISSING' });
  });

  test('takes management to an address of its own when the config says so', async () => {
    const env = {
      HOTSWAP_SERVER_BIND: '127.0.0.1:0',
      HOTSWAP_SERVER_DATA: join(running.data, 'other'),
      HOTSWAP_SERVER_MANAGEMENT_BIND: '127.0.0.1:0',
    };
    const server = await startKeyServer({ env, cwd: running.data, log: silent });
    try {
      expect((await fetch(`${server.url}/plugins/status`)).status).toBe(404);
      expect((await fetch(`${server.url}/pks/health`)).status).toBe(200);
    } finally {
      await server.close();
    }
  });

  test('reads its config file, and leaves nothing behind when it cannot listen', async () => {
    const file = join(running.data, 'keyserver.toml');
    const settings = `[server]\nbind = "127.0.0.1:${running.port}"\ndata = "other"\n[plugins.security]\nallowUnsigned = true\n`;
    await writeFile(file, settings);
    const starting = startKeyServer({ env: { HOTSWAP_CONFIG: file }, cwd: running.data, log: silent });
    await expect(starting).rejects.toMatchObject({ code: 'PORT_IN_USE' });
    await once(net.connect(running.port, '127.0.0.1').end(), 'close');
  });
});

test('takes what is saved in its config file and its plugin folder while it serves', async () => {
  const file = join(running.data, 'keyserver.toml');
  const settings = (words: string) => `
    server = { bind = "127.0.0.1:0", data = "followed" }
    plugins = { debounce = "10ms", security = { allowUnsigned = true }, gate = { config = { words = "${words}" } } }`;
  const plugin = join(running.data, 'plugins/gate');
  await mkdir(plugin, { recursive: true });
  const manifest = {
    name: 'gate',
    version: '1.0.0',
    type: 'module',
    main: './index.js',
    engines: { hotswap: '^1.0.0' },
  };
  const code = (sign: string) => `export default {
    start: (ctx) => ctx.http.get('/gate', () => new Response(ctx.config.words + '${sign}')),
  };`;
  await writeFile(join(plugin, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(plugin, 'index.js'), code('.'));
  await writeFile(file, settings('one'));
  const server = await startKeyServer({ env: { HOTSWAP_CONFIG: file }, cwd: running.data, log: silent });
  const said = async () => (await fetch(`${server.url}/gate`)).text();
  try {
    expect(await said()).toBe('one.');
    await writeFile(file, settings('two'));
    await expect.poll(said, { timeout: 5_000 }).toBe('two.');
    await writeFile(join(plugin, 'index.js'), code('!'));
    await expect.poll(said, { timeout: 5_000 }).toBe('two!');
  } finally {
    await server.close();
  }
});
