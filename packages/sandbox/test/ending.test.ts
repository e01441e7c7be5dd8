import { once } from 'node:events';
import { createSandbox, type Sandbox } from '@hotswap/sandbox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { finish, processesOf, Scripts, uidOf } from './confined-script.ts';

const isAble = process.platform === 'linux' && process.getuid?.() === 0;
const title = `the end of a confined process${isAble ? '' : ' (skipped: needs Linux and root)'}`;
const forever = `setInterval(() => {}, 1e6); console.log('up');`;

describe.skipIf(!isAble && process.env['CI'] !== 'true')(title, () => {
  let sandbox: Sandbox;
  let scripts: Scripts;

  beforeAll(async () => {
    sandbox = await createSandbox();
    scripts = await Scripts.create(sandbox);
  });
  afterAll(() => scripts.remove());

  it('tells the exit code', async () => {
    const { exit } = await scripts.run('process.exit(7)');
    expect(exit).toEqual({ code: 7, signal: null, cause: 'exit', detail: 'it exited with code 7' });
  });

  it('tells the signal', async () => {
    const { exit } = await scripts.run(`process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1e6);`);
    expect(exit).toMatchObject({ code: null, signal: 'SIGTERM', cause: 'signal' });
  });

  it('may come by a signal that the program itself gets', async () => {
    const confined = await scripts.launch(
      `process.on('SIGTERM', () => process.exit(3)); setInterval(() => {}, 1e6); console.log('up');`,
    );
    await once(confined.stdout, 'data');
    confined.signal('SIGTERM');
    expect(await confined.exited).toMatchObject({ code: 3, cause: 'exit' });
  });

  it('may come before the program has begun', async () => {
    const confined = await scripts.launch(forever);
    const uid = await uidOf(confined.pid);
    expect(await confined.kill()).toMatchObject({ signal: 'SIGKILL', cause: 'killed' });
    expect(await processesOf(uid)).toEqual([]);
  });

  it('is the same however often it is asked for', async () => {
    const confined = await scripts.launch(forever);
    const [one, two] = await Promise.all([confined.kill(), confined.kill()]);
    expect(two).toBe(one);
    expect(await confined.kill()).toBe(one);
    expect(() => confined.signal('SIGTERM')).not.toThrow();
  });

  it('comes when it needs more memory than it may', async () => {
    const { exit } = await scripts.run(`const kept = []; for (;;) kept.push(Buffer.alloc(8e6, 1));`, {
      limits: { memoryMB: 96 },
    });
    expect(exit).toMatchObject({ signal: 'SIGKILL', cause: 'memory' });
    expect(exit.detail).toContain('96 MB');
  });

  it('comes when it has been on a core for too long', async () => {
    const { exit } = await scripts.run('for (;;);', { limits: { cpuSeconds: 1 } });
    expect(exit).toMatchObject({ signal: 'SIGXCPU', cause: 'limit' });
  });

  it('comes a second later when it does not listen', async () => {
    const { exit } = await scripts.run(`process.on('SIGXCPU', () => {}); for (;;);`, { limits: { cpuSeconds: 1 } });
    expect(exit).toMatchObject({ signal: 'SIGKILL', cause: 'limit' });
  });

  it('comes when those that it started have been on a core for too long together', async () => {
    const loop = 'while :; do :; done';
    const confined = await sandbox.launch({
      program: { type: 'executable', file: '/bin/sh', args: ['-c', `(${loop}) & (${loop}) & (${loop}) & wait`] },
      limits: { cpuSeconds: 1, cpuPercent: 200 },
    });
    const { cause, detail } = await confined.exited;
    expect([cause, detail]).toEqual(['limit', expect.stringContaining('more than 1 s of processor time')]);
  });

  it('leaves its limits to be tightened until then', async () => {
    const confined = await scripts.launch(
      `process.on('message', () => {});
       const channel = new (require('node:net').Socket)({ fd: 3 });
       channel.once('data', () => { const kept = []; for (;;) kept.push(Buffer.alloc(8e6, 1)); });
       console.log('up');`,
      { limits: { memoryMB: 512 } },
    );
    await once(confined.stdout, 'data');
    await confined.limit({ memoryMB: 96 });
    confined.channel.write('go');
    const { exit } = await finish(confined);
    expect(exit).toMatchObject({ cause: 'memory' });
    expect(exit.detail).toContain('96 MB');
  });

  it('cannot be moved by limits that are set before a process begins', async () => {
    const confined = await scripts.launch(forever, { limits: { diskMB: 8 }, without: ['cgroup'] });
    await expect(confined.limit({ diskMB: 16 })).rejects.toMatchObject({ code: 'SANDBOX_LIMIT_FIXED' });
    await expect(confined.limit({ memoryMB: 99 })).rejects.toThrow(/without the layer cgroup/);
    await confined.limit({ diskMB: 8 });
    await confined.kill();
  });

  it('tells what was used until shortly before', async () => {
    const confined = await scripts.launch(`require('node:fs').writeFileSync('/tmp/x', Buffer.alloc(1e6)); ${forever}`);
    await once(confined.stdout, 'data');
    const usage = await confined.usage();
    expect(usage.memoryBytes).toBeGreaterThan(10e6);
    expect(usage.processes).toBeGreaterThan(2);
    expect(usage.diskBytes).toBeGreaterThanOrEqual(1e6);
    expect([usage.networkSentBytes, usage.networkReceivedBytes]).toEqual([0, 0]);
    await confined.kill();
  });

  it('does not lose what was said before it', async () => {
    const { stdout, stderr } = await scripts.run(`
      require('node:fs').writeSync(1, 'x'.repeat(60000)); require('node:fs').writeSync(2, 'last words'); process.abort();`);
    expect([stdout.length, stderr.startsWith('last words')]).toEqual([60_000, true]);
  });

  it('comes too for a program that floods its output, which the host reads no faster than it wants', async () => {
    const confined = await scripts.launch(`for (;;) require('node:fs').writeSync(1, 'x'.repeat(65536));`);
    await once(confined.stdout, 'readable');
    expect(confined.stdout.readableLength).toBeLessThan(1e6);
    expect(await confined.kill()).toMatchObject({ cause: 'killed' });
  });
});
