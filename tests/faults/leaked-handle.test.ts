import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { root, runProgram } from '../e2e/node-process.ts';

/** Opens a server behind the back of `ctx`, so that nothing closes it. */
const leaky = `import net from 'node:net';
export default {
  start(ctx) {
    net.createServer().listen(0, '127.0.0.1');
    ctx.http.get('/well', () => new Response('well'));
  },
};
`;

const config = `[server]\nbind = "127.0.0.1:0"\n[plugins]\ndirectory = "plugins"\n[plugins.security]\nallowUnsigned = true\n`;

test('a server whose plugin never closes what it opened ends with code 0 soon after SIGTERM, and says what was left', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hotswap-leaked-'));
  mkdirSync(join(folder, 'plugins'));
  writeFileSync(join(folder, 'plugins', 'leaky.js'), leaky);
  writeFileSync(join(folder, 'hotswap.toml'), config);
  const flags = ['--conditions=@hotswap/source', '--no-experimental-ffi', join(root, 'packages/cli/src/main.ts')];
  const server = runProgram(process.execPath, [...flags, 'serve', '--config', 'hotswap.toml'], { cwd: folder });
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  const url = await server.listening();
  expect(await (await fetch(`${url}/well`)).text()).toBe('well');
  server.kill('SIGTERM');
  expect(await server.ended).toBe(0);
  expect(server.output()).toMatch(/everything was closed, and TCPServerWrap kept it/);
});
