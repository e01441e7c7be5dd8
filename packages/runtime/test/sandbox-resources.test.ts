import { execFileSync, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseRuntimeConfig } from '../src/config/runtime-config.ts';
import type { Violation } from '../src/resources/resource-monitor.ts';
import type { UsageStatus } from '../src/status.ts';
import { pluginFiles, type RunningRuntime, run, temporaryFolder, until, write } from './running-runtime.ts';
import { describeSandbox, sandboxHost } from './sandbox-host.ts';

const { allowMissing } = sandboxHost;
const hasLimits = !allowMissing.includes('cgroup');
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

/** A plugin that uses what it is told to. */
const greedy = `
  const { appendFileSync, openSync } = require('node:fs');
  const { connect } = require('node:net');
  const kept = [];
  ctx.http.get('/generation', () => new Response(String(ctx.generation)));
  ctx.methods.handle('keep', ({ data }) => kept.push(Buffer.alloc(data, 1)));
  ctx.methods.handle('write', ({ data }) => {
    try { for (let n = 0; n < data; n++) appendFileSync(process.env.TMPDIR + '/it', Buffer.alloc(1_000_000, 1)); } catch {}
  });
  ctx.methods.handle('open', ({ data }) => {
    try { for (let n = 0; n < data; n++) kept.push(openSync(process.env.TMPDIR + '/f', 'a')); } catch {}
  });
  ctx.methods.handle('work', ({ data }) => new Promise((done) => {
    const end = Date.now() + data;
    const turn = () => { const next = Date.now() + 5; while (Date.now() < next); Date.now() < end ? setImmediate(turn) : done(); };
    turn();
  }));
  ctx.methods.handle('wait', () => new Promise(() => {}));
  ctx.methods.handle('fetch', async ({ data }) => {
    const { promise, resolve } = Promise.withResolvers();
    const socket = connect({ host: '127.0.0.1', port: data });
    socket.on('error', (error) => resolve(error.code ?? error.message));
    socket.on('data', (text) => { resolve(String(text)); socket.destroy(); });
    socket.write('hello');
    return promise;
  });`;

interface Asked {
  readonly security?: readonly string[];
  readonly manifest?: object;
}

async function host(folder: string, { security = [], manifest = {} }: Asked = {}) {
  const level = { isolation: 'sandbox', recovery: { backoff: { strategy: 'fixed', from: '10ms' } } };
  await write(folder, pluginFiles('greedy', greedy, { ...level, ...manifest }));
  const lines = ['[plugins]', 'usageInterval = "100ms"', '[plugins.security]', 'verifySignatures = false', ...security];
  const { config } = parseRuntimeConfig(lines.join('\n'), {
    format: 'toml',
    file: 'hotswap.toml',
    env: {},
    cwd: folder,
  });
  const running = await run({ config, allowMissing, limits: { spares: 0 } });
  const violations: Violation[] = [];
  running.runtime.on('violation', (violation) => void violations.push(violation));
  expect((await running.runtime.load(join(folder, 'greedy'))).reason).toBeUndefined();
  const invoke = async (name: string, data?: unknown): Promise<unknown> => running.runtime.invoke('greedy', name, data);
  return Object.assign(running, { violations, invoke });
}

function usageOf({ status }: RunningRuntime): UsageStatus {
  const { usage } = status('greedy');
  if (usage === undefined) throw new Error('nobody has looked');
  return usage;
}

async function managed({ runtime }: RunningRuntime, path: string): Promise<unknown> {
  const request = new Request(`http://127.0.0.1${path}`, { headers: { host: '127.0.0.1' } });
  const answer = await runtime.management().handle(request, path, { address: '127.0.0.1' });
  return answer?.json();
}

/** Log lines about limits, by their words. */
function told({ lines }: RunningRuntime, words: RegExp): readonly string[] {
  return lines.filter(({ message }) => words.test(message)).map(({ message }) => message);
}

describeSandbox('what a confined plugin uses', () => {
  it('is seen by operators in status and metrics, as the kernel counts it', async () => {
    await using folder = await temporaryFolder();
    await using running = await host(folder.path);
    await running.invoke('keep', 30_000_000);
    await running.invoke('write', 20);
    await running.invoke('work', 300);
    await until(() => (running.status('greedy').usage?.diskBytes ?? 0) >= 20_000_000, 'what it wrote is seen');
    const usage = usageOf(running);
    expect(usage.memoryBytes).toBeGreaterThan(30_000_000);
    expect(usage.openFiles).toBeGreaterThan(3);
    expect(usage.threads).toBeGreaterThan(1);
    expect(usage.cpuPercent).toBeGreaterThanOrEqual(0);
    expect([usage.networkSentBytes, usage.networkReceivedBytes]).toEqual([0, 0]);
    expect(usage.limits).toMatchObject({ memoryMB: 256, cpuPercent: 50, diskMB: 64 });
    if (hasLimits) expect(usage.unenforced).toEqual([]);
    const body = await managed(running, '/plugins/greedy');
    expect(body).toMatchObject({ usage: { memory_bytes: expect.any(Number), disk_bytes: expect.any(Number) } });
    const metrics = running.runtime.metrics();
    expect(metrics).toMatch(/hotswap_plugin_memory_usage_bytes\{.*plugin_name="greedy".*\} [1-9]/);
    if (hasPromtool || process.env['CI'] === 'true')
      expect(execFileSync('promtool', ['check', 'metrics'], { input: metrics, encoding: 'utf8' })).toBe('');
  });

  it.skipIf(!hasLimits)('near a limit is told once, and over it once more, as event, log line and count', async () => {
    await using folder = await temporaryFolder();
    await using running = await host(folder.path);
    const diskWarning = /near its limit: .* of disk/;
    await running.invoke('write', 55);
    await until(() => told(running, diskWarning).length > 0, 'it is near its limit');
    expect(running.violations).toEqual([]);
    await running.invoke('write', 30);
    await until(() => running.violations.length > 0, 'it is over its limit');
    await running.invoke('work', 300);
    const ofDisk = running.violations.filter(({ resource }) => resource === 'disk');
    expect(ofDisk).toMatchObject([{ plugin: 'greedy', resource: 'disk', limit: 64, isHeld: false }]);
    expect(told(running, diskWarning)).toHaveLength(1);
    expect(told(running, /over its limit: 64 MB of disk/)).toHaveLength(1);
    expect(usageOf(running).violations).toMatchObject({ disk: 1 });
    expect(running.runtime.metrics()).toMatch(/resource_violations_total\{.*resource_type="disk".*\} 1/);
  });

  it('over a limit ends it, where operators want that, and recovery brings it back', async () => {
    await using folder = await temporaryFolder();
    await using running = await host(folder.path, { security: ['onViolation = "restart"', 'maxFileHandles = 80'] });
    await running.invoke('open', 100);
    await until(async () => (await running.get('/generation'))[1] === '2', 'the next generation serves');
    expect(running.violations).toMatchObject([{ resource: 'files', limit: 80 }]);
  });

  it.skipIf(!hasLimits)('over its memory is ended by the kernel, and that counts', async () => {
    await using folder = await temporaryFolder();
    await using running = await host(folder.path, { manifest: { limits: { maxMemoryMB: 96 } } });
    await expect(running.invoke('keep', 200_000_000)).rejects.toMatchObject({ code: 'ISOLATE_EXITED' });
    await until(() => running.violations.length > 0, 'it was told');
    expect(running.violations).toMatchObject([{ resource: 'memory', limit: 96, isHeld: true }]);
    expect(running.runtime.metrics()).toMatch(/resource_violations_total\{.*resource_type="memory".*\} 1/);
  });

  it('over the time of a call counts, each time, and is told once a look', async () => {
    await using folder = await temporaryFolder();
    await using running = await host(folder.path, { manifest: { limits: { callTimeout: '50ms' } } });
    const calls = Array.from({ length: 4 }, () => running.invoke('wait').catch(({ code }: { code: string }) => code));
    expect(await Promise.all(calls)).toEqual(Array(4).fill('CALL_TIMED_OUT'));
    await until(() => running.status('greedy').usage?.violations.time === 4, 'they were counted');
    expect(running.violations.length).toBeLessThanOrEqual(2);
  });

  it('in a thread is its memory and its share of a core, and what nothing holds it to is named', async () => {
    await using folder = await temporaryFolder();
    await using running = await host(folder.path, { manifest: { isolation: 'strict' } });
    await running.invoke('work', 300);
    await until(() => (running.status('greedy').usage?.cpuPercent ?? 0) > 0, 'its share is seen');
    const { memoryBytes, openFiles, unenforced } = usageOf(running);
    expect(memoryBytes).toBeGreaterThan(1_000_000);
    expect([openFiles, unenforced]).toEqual([undefined, ['cpu', 'threads', 'files', 'disk', 'network']]);
  });

  it('over its network is told in its own log, and bytes that pass are counted', async () => {
    await using folder = await temporaryFolder();
    const server = createServer((socket) => socket.on('error', () => {}).end('welcome'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      const manifest = { capabilities: { network: [`127.0.0.1:${port}`] } };
      await using running = await host(folder.path, { manifest });
      const words = await running.invoke('fetch', port);
      expect(words).toBe('welcome');
      await running.invoke('fetch', 1);
      await until(() => told(running, /a connection of the plugin was refused/).length > 0, 'the refusal was told');
      const line = running.lines.find(({ message }) => message.includes('was refused'));
      expect(line).toMatchObject({ level: 'warn', fields: { plugin_name: 'greedy', entry: '127.0.0.1:1' } });
      await until(() => (running.status('greedy').usage?.networkReceivedBytes ?? 0) > 0, 'its bytes were counted');
    } finally {
      server.close();
    }
  });
});
