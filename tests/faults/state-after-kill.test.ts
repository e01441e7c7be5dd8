import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deserialize } from 'node:v8';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root, runProgram, type RunningProgram } from '../e2e/node-process.ts';

/** Gives its count as state; kept every 20 ms, so that a kill falls into a write sooner or later. */
const counter = `import { definePlugin } from '@hotswap/sdk';

export default definePlugin({
  swap: 'exclusive',
  state: { version: 1 },
  start(ctx, state) {
    let count = state?.count ?? 0;
    ctx.http.post('/count', () => new Response(String(++count)));
    ctx.http.get('/count', () => new Response(String(count)));
    return { exportState: () => ({ count, ballast: new Uint8Array(300_000) }) };
  },
});
`;
const config = `
[plugins]
watch = false
snapshotInterval = "20ms"

[plugins.security]
allowUnsigned = true
`;

let folder: string;
let server: RunningProgram | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hotswap-kill-'));
  await mkdir(join(folder, 'plugins'));
  await writeFile(join(folder, 'plugins/counter.ts'), counter);
  await writeFile(join(folder, 'hotswap.toml'), config);
});
afterEach(async () => {
  await server?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<string> {
  const main = join(root, 'packages/cli/src/main.ts');
  const options = ['--config', 'hotswap.toml', '--bind', '127.0.0.1:0', '--data', 'data'];
  const args = ['--conditions=@hotswap/source', '--no-experimental-ffi', main, 'serve', ...options];
  server = runProgram(process.execPath, args, { cwd: folder });
  return server.listening();
}

/** The count in the newest state on disk. */
async function countOnDisk(): Promise<number> {
  const states = join(folder, 'data/state/counter');
  const names = await readdir(states).catch(() => []);
  const newest = names
    .filter((name) => name.endsWith('.state'))
    .toSorted()
    .at(-1);
  if (newest === undefined) return 0;
  // It may be pruned between the look and the reading.
  const content = await readFile(join(states, newest)).catch(() => undefined);
  if (content === undefined) return 0;
  const state: unknown = deserialize(content.subarray(content.indexOf('\n') + 1));
  return (state as { readonly count: number }).count;
}

test('a server that was killed while it saved goes on with the last state that was safe', async () => {
  let before = 0;
  for (let round = 0; round < 4; round++) {
    const url = await start();
    const found = Number(await (await fetch(`${url}/count`)).text());
    expect(found).toBeGreaterThanOrEqual(before);

    let acknowledged = found;
    let safe = 0;
    // Until something new is safe, and then some increments more that the kill may cost.
    while (safe <= found || acknowledged < safe + 5) {
      const answer = await fetch(`${url}/count`, { method: 'POST' });
      acknowledged = Number(await answer.text());
      if (safe <= found) safe = await countOnDisk();
    }
    server?.kill('SIGKILL');
    expect(await server?.ended).toBe('SIGKILL');
    const last = Math.max(safe, await countOnDisk());
    expect(last).toBeLessThanOrEqual(acknowledged);
    before = last;
  }
  expect(before).toBeGreaterThan(0);
  const url = await start();
  expect(Number(await (await fetch(`${url}/count`)).text())).toBe(before);
});
