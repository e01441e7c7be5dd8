import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, runScript } from './node-process.ts';
import type { RunningProgram } from './node-process.ts';

async function start(example: string, args = ''): Promise<RunningProgram> {
  const cwd = join(root, 'examples', example);
  const { scripts } = JSON.parse(await readFile(join(cwd, 'package.json'), 'utf8'));
  return runScript(scripts.start + args, { cwd, env: { PORT: '0' } });
}

test.each([
  ['node-http', 404, /Not Found/],
  ['express', 200, /the app itself/],
  ['fastify', 200, /the app itself/],
  ['koa', 200, /the app itself/],
])('%s: plugins answer theirs, the app the rest, and SIGTERM ends it cleanly', async (example, status, text) => {
  await using server = await start(example);
  const url = await server.listening();
  expect(await (await fetch(`${url}/hello/ada`)).text()).toBe('hello ada\n');
  const posted = await fetch(`${url}/visits/home`, { method: 'POST' });
  expect(await posted.json()).toEqual({ page: 'home', visits: 1 });
  const own = await fetch(url);
  expect(own.status).toBe(status);
  expect(await own.text()).toMatch(text);
  server.kill('SIGTERM');
  expect(await server.ended).toBe(0);
});

test('hono: plugins answer without any server', async () => {
  await using run = await start('hono', ' /hello/ada /');
  expect(await run.ended, run.output()).toBe(0);
  expect(run.output()).toContain('hello ada');
  expect(run.output()).toContain('the app itself');
});
