import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listen, parseRuntimeConfig } from '@hotswap/runtime';
import type { HostListenerOptions, Runtime } from '@hotswap/runtime';
import type { PluginContext } from '@hotswap/sdk';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { inMemory, run } from './running-runtime.ts';

/** A plugin that answers `/NAME` with the length of what it was sent, and counts how often it was asked. */
function measuring(name: string, limits: object = {}, version = '1.0.0') {
  const asked = { times: 0 };
  const start = (ctx: PluginContext) =>
    ctx.http.post(`/${name}`, async (request) => {
      asked.times += 1;
      return new Response(`read ${(await request.text()).length}`);
    });
  return { asked, plugin: inMemory(name, { start }, { version, limits }) };
}

async function serve(runtime: Runtime, options: HostListenerOptions = {}): Promise<string> {
  const listening = await listen(runtime.listener(options), { port: 0 });
  onTestFinished(() => listening.close({ graceMs: 0 }));
  return listening.url;
}

/** Sends `length` bytes, with their number ahead of them or in chunks whose end alone tells it. */
async function post(url: string, length: number, framing: 'announced' | 'chunked' = 'announced') {
  const text = 'x'.repeat(length);
  const body = framing === 'announced' ? text : new Blob([text]).stream();
  const response = await fetch(url, { method: 'POST', body, duplex: 'half' });
  return { status: response.status, text: await response.text() };
}

describe('the largest body of a plugin', () => {
  it('holds for its routes, at the byte', async () => {
    await using host = await run();
    const { plugin, asked } = measuring('a', { maxBody: '10B' });
    await host.runtime.load(plugin);
    await host.runtime.load(measuring('b').plugin);
    const url = await serve(host.runtime);
    expect(await post(`${url}/a`, 10)).toEqual({ status: 200, text: 'read 10' });
    expect(await post(`${url}/a`, 11)).toMatchObject({
      status: 413,
      text: expect.stringMatching(/BODY_TOO_LARGE.*over 10 bytes/),
    });
    expect(asked.times).toBe(1);
    expect(await post(`${url}/b`, 11)).toEqual({ status: 200, text: 'read 11' });
  });

  it('ends the reading of chunks, whose length nobody announced', async () => {
    await using host = await run();
    const { plugin } = measuring('a', { maxBody: '10B' });
    await host.runtime.load(plugin);
    const url = await serve(host.runtime);
    expect(await post(`${url}/a`, 10, 'chunked')).toEqual({ status: 200, text: 'read 10' });
    const refused = await post(`${url}/a`, 11, 'chunked');
    expect(refused).toMatchObject({ status: 413, text: expect.stringMatching(/BODY_TOO_LARGE.*over 10 bytes/) });
    // Whoever sends too much has not shown a fault of the plugin.
    expect(host.status('a').counts).toMatchObject({ requests: 2, errors: 0 });
  });

  it('holds through fetch handlers too', async () => {
    await using host = await run();
    await host.runtime.load(measuring('a', { maxBody: '10B' }).plugin);
    expect(await host.get('/a', { method: 'POST', body: 'x'.repeat(10) })).toEqual([200, 'read 10']);
    expect(await host.get('/a', { method: 'POST', body: 'x'.repeat(11) })).toMatchObject([
      413,
      expect.stringContaining('over 10 bytes'),
    ]);
  });

  it('never raises the limit of the listener', async () => {
    await using host = await run();
    await host.runtime.load(measuring('a', { maxBody: '1MB' }).plugin);
    const url = await serve(host.runtime, { maxBodyBytes: 5 });
    for (const framing of ['announced', 'chunked'] as const) {
      expect(await post(`${url}/a`, 6, framing)).toMatchObject({
        status: 413,
        text: expect.stringContaining('over 5 bytes'),
      });
    }
  });

  it('changes with the generation that serves', async () => {
    await using host = await run();
    await host.runtime.load(measuring('a', { maxBody: '10B' }).plugin);
    const url = await serve(host.runtime);
    expect(await post(`${url}/a`, 20)).toMatchObject({ status: 413 });
    await host.runtime.swap('a', measuring('a', { maxBody: '20B' }, '2.0.0').plugin);
    expect(await post(`${url}/a`, 20)).toMatchObject({ status: 200 });
  });
});

describe('a manifest that asks for more than the operator allows', () => {
  // Where its data folder is made.
  const cwd = mkdtempSync(join(tmpdir(), 'limits-'));
  afterAll(() => rmSync(cwd, { recursive: true }));
  const file = `
    server.limits.maxBody = "1KB"
    plugins = { autoLoad = false, security = { allowUnsigned = true, maxMemoryMB = 128, maxCPUPercent = 40 } }`;
  const { config } = parseRuntimeConfig(file, { format: 'toml', file: 'hotswap.toml', cwd, env: {} });

  it.each([
    [{ maxMemoryMB: 129 }, 'limits.maxMemoryMB of 129; plugins.security.maxMemoryMB allows 128'],
    [{ maxCPUPercent: 41 }, 'limits.maxCPUPercent of 41; plugins.security.maxCPUPercent allows 40'],
    [{ maxBody: '2KB' }, 'limits.maxBody of 2048; server.limits.maxBody allows 1024'],
  ])('is refused before anything of it has run: %o', async (limits, sentence) => {
    await using host = await run({ config });
    let hasRun = false;
    const plugin = inMemory('a', { start: () => void (hasRun = true) }, { limits });
    expect(await host.runtime.load(plugin)).toMatchObject({
      outcome: 'failed',
      reason: { code: 'PLUGIN_LIMIT_TOO_HIGH', message: expect.stringContaining(sentence) },
    });
    expect(hasRun).toBe(false);
  });

  it('does not take the place of one that serves', async () => {
    await using host = await run({ config });
    await host.runtime.load(measuring('a', { maxBody: '1KB', maxMemoryMB: 128, maxCPUPercent: 40 }).plugin);
    const report = await host.runtime.swap('a', measuring('a', { maxBody: '2KB' }, '2.0.0').plugin);
    expect(report).toMatchObject({ outcome: 'kept', reason: { code: 'PLUGIN_LIMIT_TOO_HIGH' } });
    expect(host.status('a')).toMatchObject({ state: 'active', version: '1.0.0' });
  });

  it('is taken by a host without a config file, where nobody has set a limit', async () => {
    await using host = await run();
    expect(await host.runtime.load(measuring('a', { maxMemoryMB: 4_096 }).plugin)).toMatchObject({
      outcome: 'swapped',
    });
  });
});

describe('the answer to a request that failed', () => {
  const failing = (how: 'at once' | 'later') =>
    inMemory('a', {
      start: (ctx) =>
        ctx.http.get('/a', (_request, { requestId }) => {
          const error = new Error(`failed at ${requestId}`);
          if (how === 'later') return Promise.reject(error);
          throw error;
        }),
    });

  it.each(['at once', 'later'] as const)('bears the id that the log has for it: failing %s', async (how) => {
    await using host = await run();
    await host.runtime.load(failing(how));
    const url = await serve(host.runtime, { trustedProxies: ['127.0.0.0/8'] });
    const response = await fetch(`${url}/a`, { headers: { 'x-request-id': 'up-17' } });
    expect(await response.json()).toMatchObject({ error: { code: 'PLUGIN_HANDLER_FAILED', traceId: 'up-17' } });
    const line = host.lines.find(({ message }) => message === 'plugin failed while it answered');
    expect(line?.fields).toMatchObject({ plugin_name: 'a', error: 'failed at up-17', traceId: 'up-17' });
  });

  it.each([
    [
      'at once',
      () => {
        throw new Error('the store is gone');
      },
    ],
    ['later', () => Promise.reject(new Error('the store is gone'))],
  ])(
    'says that the host failed where its own handler did, and puts the reason into the log: failing %s',
    async (_, fallback) => {
      await using host = await run();
      const response = await fetch(`${await serve(host.runtime, { fallback })}/elsewhere`);
      const body = await response.text();
      expect([response.status, body]).toEqual([500, expect.stringContaining('HOST_HANDLER_FAILED')]);
      expect(body).not.toContain('the store is gone');
      const line = host.lines.find(({ message }) => message === "the host's own handler failed");
      expect(line?.fields).toMatchObject({ error: 'the store is gone', traceId: JSON.parse(body).error.traceId });
    },
  );

  it('bears an id of our own when no proxy gave one', async () => {
    await using host = await run();
    await host.runtime.load(failing('at once'));
    const { error } = JSON.parse((await host.get('/a'))[1]);
    expect(error.traceId).toMatch(/./);
    expect(host.lines.map(({ fields }) => fields['traceId'])).toContain(error.traceId);
  });
});
