import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { describeSandbox, sandboxHost } from '../../packages/runtime/test/sandbox-host.ts';
import { root, runProgram } from '../e2e/node-process.ts';

const confined = `export default {
  start(ctx) {
    ctx.http.get('/well', () => new Response('well'));
    ctx.http.get('/wait', () => new Promise((go) => setTimeout(() => go(new Response('late')), 300)));
    ctx.http.get('/never', () => new Promise(() => {}));
    ctx.http.get('/loop', () => { ctx.log.warn('it loops'); setTimeout(() => { for (;;); }, 20); return new Promise(() => {}); });
  },
};
`;

const config = `
[server]
bind = "127.0.0.1:0"

[plugins]
directory = "plugins"
callTimeout = "20s"
drainTimeout = "1s"
shutdownTimeout = "4s"

[plugins.security]
allowUnsigned = true
allowMissing = ${JSON.stringify(sandboxHost.allowMissing)}

[plugins.confined]
isolation = "sandbox"
`;

/** Processes of this machine that run with that temp folder, or were started for it. */
function processesWith(temporary: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return ['cmdline', 'environ'].some((file) => readFileSync(`/proc/${pid}/${file}`, 'latin1').includes(temporary));
    } catch {
      return false;
    }
  });
}

/** A server whose only plugin runs in a process of its own. */
async function startServer() {
  const folder = mkdtempSync(join(tmpdir(), 'hotswap-shutdown-'));
  const home = join(folder, 'plugins', 'confined');
  const temporary = join(folder, 'tmp');
  for (const path of [home, temporary]) mkdirSync(path, { recursive: true });
  const manifest = { name: 'confined', version: '1.0.0', main: './index.js', engines: { hotswap: '^1.0.0' } };
  writeFileSync(join(home, 'package.json'), JSON.stringify({ ...manifest, type: 'module', hotswap: {} }));
  writeFileSync(join(home, 'index.js'), confined);
  writeFileSync(join(folder, 'hotswap.toml'), config);
  const flags = ['--conditions=@hotswap/source', '--no-experimental-ffi', join(root, 'packages/cli/src/main.ts')];
  const args = [...flags, 'serve', '--config', 'hotswap.toml'];
  const server = runProgram(process.execPath, args, { cwd: folder, env: { TMPDIR: temporary } });
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  const url = await server.listening();
  expect(await (await fetch(`${url}/well`)).text()).toBe('well');
  expect(processesWith(temporary).length).toBeGreaterThan(1);
  const isAllGone = async (): Promise<void> => {
    await expect.poll(() => processesWith(temporary), { timeout: 5_000 }).toEqual([]);
    expect(readdirSync(temporary)).toEqual([]);
  };
  return { server, url, isAllGone };
}

/** Status of an answer, or that there was none. */
async function answerOf(url: string): Promise<number | 'cut'> {
  return fetch(url).then(
    ({ status }) => status,
    () => 'cut' as const,
  );
}

describeSandbox('a server with a confined plugin', () => {
  it('that is told to end answers what it can, and is gone in time with all that it started', async () => {
    const { server, url, isAllGone } = await startServer();
    const waiting = answerOf(`${url}/wait`);
    const never = answerOf(`${url}/never`);
    await new Promise((go) => setImmediate(go));
    await answerOf(`${url}/well`);
    const stoppedAt = performance.now();
    server.kill('SIGTERM');
    expect(await waiting).toBe(200);
    expect([503, 504, 502, 'cut']).toContain(await never);
    expect(await server.ended, server.output()).toBe(0);
    // Drain, shut-down, and what the machine needs.
    expect(performance.now() - stoppedAt).toBeLessThan(8_000);
    await isAllGone();
  });

  it('that begins to loop ends in the ordinary way, in time', async () => {
    const { server, url, isAllGone } = await startServer();
    const looping = answerOf(`${url}/loop`);
    await server.says(/it loops/);
    const stoppedAt = performance.now();
    server.kill('SIGTERM');
    expect(await server.ended, server.output()).toBe(0);
    expect(performance.now() - stoppedAt).toBeLessThan(8_000);
    await looping;
    await isAllGone();
  });
});
