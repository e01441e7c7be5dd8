import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { RuntimeOptions } from '../src/runtime-options.ts';
import { answering, pluginFiles, run, temporaryFolder, until, write } from './running-runtime.ts';
import { describeSandbox, sandboxHost } from './sandbox-host.ts';

const { allowMissing } = sandboxHost;
const hasLimits = !allowMissing.includes('cgroup');

/** How the process of a plugin comes to its end, and what an operator reads of it. */
const endings = {
  'an exit of its own': ["process.stderr.write('the tail\\n'); process.reallyExit(3);", 'exit', /code 3/],
  'a heap without end': ['const kept = []; for (;;) kept.push(new Array(50_000).fill(0.5));', 'memory', /./],
  'buffers without end': [
    'const kept = []; for (;;) { kept.push(Buffer.alloc(4_000_000, 1)); await new Promise((go) => setTimeout(go, 1)); }',
    'memory',
    /more than 96 MB/,
  ],
  'bytes that are no message': [
    "require('node:fs').writeSync(3, Buffer.alloc(10_000, 0xff)); await new Promise(() => {});",
    'broken',
    /no message/,
  ],
  'messages that nobody asked for': [
    "for (;;) { for (let n = 0; n < 500; n++) { ctx.log.debug('noise'); await null; } await new Promise((go) => setImmediate(go)); }",
    'flood',
    /more than it may/,
  ],
} as const;

const mortal = (end: string): string => `
  ctx.http.get('/wait', () => new Promise(() => {}));
  ctx.http.get('/generation', () => new Response(String(ctx.generation)));
  ctx.http.get('/end', async () => { ${end} });
  ctx.methods.handle('wait', () => new Promise(() => {}));`;

async function host(folder: string, end: string, options: RuntimeOptions & { readonly callTimeout?: string } = {}) {
  const { callTimeout = '20s' } = options;
  const manifest = {
    isolation: 'sandbox',
    limits: { callTimeout, maxMemoryMB: 96 },
    recovery: { backoff: { strategy: 'fixed', from: '10ms' } },
  };
  await write(folder, pluginFiles('mortal', mortal(end), manifest));
  const running = await run({ allowMissing, ...options, limits: { spares: 0, ...options.limits } });
  const { outcome, reason } = await running.runtime.load(join(folder, 'mortal'));
  expect([outcome, reason]).toEqual(['swapped', undefined]);
  return running;
}

/** Processes that this one started and that are there now. */
function childProcesses(): readonly number[] {
  const tasks = readdirSync('/proc/self/task');
  return tasks.flatMap((task) => {
    const children = readFileSync(`/proc/self/task/${task}/children`, 'latin1').trim();
    return children === '' ? [] : children.split(' ').map(Number);
  });
}

describeSandbox('a process that ends', () => {
  it.each(Object.entries(endings).filter(([name]) => hasLimits || name !== 'buffers without end'))(
    'settles every call and is followed by a new one: by %s',
    async (_, [end, cause, detail]) => {
      await using folder = await temporaryFolder();
      await using running = await host(folder.path, end);
      await running.runtime.load(answering('healthy', 'still here'));
      const waiting = Array.from({ length: 20 }, () => running.get('/wait'));
      const method = Promise.resolve(running.runtime.invoke('mortal', 'wait')).catch((error: unknown) => error);
      const answers = await Promise.all([...waiting, running.get('/end')]);
      for (const [status, text] of answers) {
        expect([status, JSON.parse(text).error.code]).toEqual([502, 'ISOLATE_EXITED']);
        expect(text).not.toContain('the tail');
      }
      expect(await method).toMatchObject({ code: 'ISOLATE_EXITED', details: { cause } });
      await until(async () => (await running.get('/generation'))[1] === '2', 'the next process serves');
      const ended = running.lines.find(({ message }) => message === 'the isolate of the plugin ended');
      expect(ended?.fields['error']).toMatch(detail);
      expect(await running.get('/healthy')).toEqual([200, 'still here']);
    },
    30_000,
  );

  it('is ended where its loop stands still while somebody waits for it', async () => {
    await using folder = await temporaryFolder();
    await using running = await host(folder.path, 'for (;;);', { callTimeout: '150ms' });
    expect((await running.get('/end'))[0]).toBe(504);
    await until(async () => (await running.get('/generation'))[1] === '2', 'the next process serves');
    const ended = running.lines.find(({ message }) => message === 'the isolate of the plugin ended');
    expect(ended?.fields['error']).toMatch(/its event loop stood still/);
  });

  it('tells its last lines to operators', async () => {
    await using folder = await temporaryFolder();
    await using running = await host(folder.path, endings['an exit of its own'][0]);
    const [status, text] = await running.get('/end');
    expect([status, JSON.parse(text).error.code]).toEqual([502, 'ISOLATE_EXITED']);
    expect(text).not.toContain('the tail');
    await until(() => running.lines.some(({ fields }) => 'last_lines' in fields), 'the last lines are in the log');
    const told = running.lines.find(({ fields }) => 'last_lines' in fields);
    expect(told).toMatchObject({ level: 'error', fields: { last_lines: ['the tail'] } });
  });

  it('by a kill from outside is like any other', async () => {
    await using folder = await temporaryFolder();
    const before = childProcesses();
    await using running = await host(folder.path, '');
    const waiting = running.get('/wait');
    const made = childProcesses().filter((pid) => !before.includes(pid));
    expect(made).toHaveLength(1);
    for (const pid of made) process.kill(pid, 'SIGKILL');
    const [status, text] = await waiting;
    expect([status, JSON.parse(text).error.code]).toEqual([502, 'ISOLATE_EXITED']);
    await until(async () => (await running.get('/generation'))[1] === '2', 'the next process serves');
  });
});

describeSandbox('output without end', () => {
  it('is held up, counted and told once, and the plugin goes on', async () => {
    await using folder = await temporaryFolder();
    const floods = `const line = 'x'.repeat(99) + '\\n';
      for (let n = 0; n < 20_000; n++) process.stdout.write(line);
      return new Response('written');`;
    await using running = await host(folder.path, floods);
    const [status] = await running.get('/end');
    expect([200, 504]).toContain(status);
    const written = (text: string) => running.lines.filter(({ message }) => message.includes(text));
    await until(() => written('the rest is left out').length === 1, 'the flood was told');
    expect(written('xxx').length).toBeLessThan(2_000);
    expect((await running.get('/generation'))[1]).toBe('1');
  });
});
