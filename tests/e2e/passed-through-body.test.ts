import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { servePlugins } from '../serving/serve-plugins.ts';

const megabyte = 1024 * 1024;
const client = fileURLToPath(new URL('../load/echo-process.ts', import.meta.url));

/** Two middlewares and hooks that never touch the body, around a route that sends it back as it comes. */
const watcher = `
  const bodies = [];
  ctx.methods.handle('bodies', () => bodies);
  ctx.http.use({ paths: ['/*'] }, (request, next) => next(request));
  ctx.http.use({ paths: ['/*'] }, async (request, next) => {
    const response = await next(request);
    response.headers.set('x-seen', '1');
    return response;
  });
  ctx.http.use({ paths: ['/look'] }, (request, next) => (bodies.push(request.body), next(request)));
  ctx.http.onRequest({ paths: ['/*'] }, () => {});
  ctx.http.onResponse({ paths: ['/*'] }, () => {});
  ctx.http.post('/look', (request) => (bodies.push(request.body), new Response(request.body)));`;
const echo = `ctx.http.post('/echo', (request) => new Response(request.body));`;

it('goes through untouched middleware and back out with bounded memory', async () => {
  const listener = { maxBodyBytes: 64 * megabyte };
  await using serving = await servePlugins({ plugins: { watcher, echo }, listener });
  globalThis.gc?.();
  const memory = (): number => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
  const before = memory();
  let most = 0;
  const sampling = setInterval(() => {
    globalThis.gc?.();
    most = Math.max(most, memory() - before);
  }, 20);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [client, String(serving.port), String(20 * megabyte)],
    {
      timeout: 30_000,
    },
  );
  clearInterval(sampling);
  expect(stdout.trim()).toBe(String(20 * megabyte));
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThan(8 * megabyte);
  expect(serving.runtime.pluginStatus('echo').activeRequests).toBe(0);
});

it('is the same body to everybody on its way, and not a copy', async () => {
  await using serving = await servePlugins({ plugins: { watcher } });
  const answer = await fetch(`${serving.url}/look`, { method: 'POST', body: 'as it came' });
  expect([answer.headers.get('x-seen'), await answer.text()]).toEqual(['1', 'as it came']);
  const [first, second] = (await serving.runtime.invoke('watcher', 'bodies')) as readonly unknown[];
  expect(first).toBeInstanceOf(ReadableStream);
  expect(second).toBe(first);
});
