import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { root, runProgram } from '../e2e/node-process.ts';

const looper = `export default {
  start(ctx) {
    ctx.http.get('/well', () => new Response('well'));
    ctx.http.get('/loop', () => { require('node:fs').writeFileSync('looping', ''); for (;;) new Array(1_000).fill({}); });
  },
};
`;

const config = `
[server]
bind = "127.0.0.1:0"

[plugins]
directory = "plugins"
callTimeout = "300ms"
drainTimeout = "500ms"
shutdownTimeout = "1s"

[plugins.security]
allowUnsigned = true

[plugins.looper]
isolation = "strict"
`;

/** A server whose only plugin runs in a thread. */
async function startLooper() {
  const folder = mkdtempSync(join(tmpdir(), 'hotswap-shutdown-'));
  const home = join(folder, 'plugins', 'looper');
  mkdirSync(home, { recursive: true });
  const manifest = { name: 'looper', version: '1.0.0', main: './index.js', engines: { hotswap: '^1.0.0' } };
  writeFileSync(join(home, 'package.json'), JSON.stringify({ ...manifest, type: 'module', hotswap: {} }));
  writeFileSync(join(home, 'index.js'), looper);
  writeFileSync(join(folder, 'hotswap.toml'), config);
  const flags = ['--conditions=@hotswap/source', '--no-experimental-ffi', join(root, 'packages/cli/src/main.ts')];
  const server = runProgram(process.execPath, [...flags, 'serve', '--config', 'hotswap.toml'], { cwd: folder });
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  return { server, url: await server.listening(), isLooping: () => existsSync(join(folder, 'looping')) };
}

test('a server with a thread that cannot be ended is gone soon after SIGTERM, and says why', async () => {
  const { server, url } = await startLooper();
  const looping = await fetch(`${url}/loop`);
  expect(looping.status).toBe(504);
  await server.says(/could not be ended and was abandoned/);
  const stoppedAt = performance.now();
  server.kill('SIGTERM');
  expect(await server.ended).toBe('SIGKILL');
  // Drain, shut-down, and what the machine needs.
  expect(performance.now() - stoppedAt).toBeLessThan(10_000);
  expect(server.output()).toMatch(
    /"exit_code":0.*the process ended itself with SIGKILL: 1 of its threads cannot be ended/,
  );
});

test('a server that is told to end while a thread begins to loop is gone within its deadline', async () => {
  const { server, url, isLooping } = await startLooper();
  const looping = fetch(`${url}/loop`).then(
    ({ status }) => status,
    () => 'cut',
  );
  await expect.poll(isLooping, { timeout: 20_000 }).toBe(true);
  server.kill('SIGTERM');
  expect(await server.ended).toBe('SIGKILL');
  expect(server.output()).toMatch(/the process ended itself with SIGKILL/);
  await looping;
});

test('a server whose threads are well ends in the ordinary way', async () => {
  const { server, url } = await startLooper();
  expect(await (await fetch(`${url}/well`)).text()).toBe('well');
  server.kill('SIGTERM');
  expect(await server.ended).toBe(0);
});
