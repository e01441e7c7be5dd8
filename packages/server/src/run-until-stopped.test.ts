import { EventEmitter } from 'node:events';
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { runUntilStopped } from './run-until-stopped.ts';

class Signals extends EventEmitter {
  killed = 0;
  time = 0;
  readonly ends: (number | 'left')[] = [];

  endWithin(milliseconds: number): void {
    this.ends.push(milliseconds);
  }

  leave(): void {
    this.ends.push('left');
  }

  kill(): void {
    this.killed += 1;
  }

  now(): number {
    return this.time;
  }
}

test.each(['SIGTERM', 'SIGINT'])('closes on %s, says which signal it was and listens no more', async (signal) => {
  const signals = new Signals();
  let closed = 0;
  const running = runUntilStopped({ close: async () => void (closed += 1), shutdownLimitMs: 60_000 }, signals);
  signals.emit(signal);
  expect(await running).toBe(signal);
  expect(closed).toBe(1);
  expect(signals.ends).toEqual([60_000, 'left']);
  expect(signals.eventNames()).toEqual([]);
  expect(signals.killed).toBe(0);
});

test('a signal that was passed on twice is one; a second one later ends the process at once', async () => {
  const signals = new Signals();
  const { promise, resolve } = Promise.withResolvers<void>();
  const running = runUntilStopped({ close: () => promise, shutdownLimitMs: 60_000 }, signals);
  signals.emit('SIGINT');
  signals.time = 499;
  signals.emit('SIGINT');
  expect(signals.killed).toBe(0);
  signals.time = 500;
  signals.emit('SIGINT');
  expect(signals.killed).toBe(1);
  resolve();
  await running;
});

test('a process that has nothing left to do is gone at once, without a word', async () => {
  const child = start(stopping({ close: 'async () => {}', before: 'setTimeout(() => {}, 60_000).unref()' }));
  const { code, signal, log, ms } = await stop(child);
  expect({ code, signal, log }).toEqual({ code: 0, signal: null, log: '' });
  expect(ms).toBeLessThan(1_000);
});

test.each([
  ['a server that nobody closed', `(await import('node:net')).createServer().listen(0, '127.0.0.1')`, 'TCPServerWrap'],
  ['an interval that nobody cleared', 'setInterval(() => {}, 1_000)', 'Timeout'],
])('%s keeps no process alive that has closed everything, and its exit code stands', async (_what, before, left) => {
  const child = start(stopping({ close: 'async () => { process.exitCode = 3; }', before }));
  const { code, signal, log } = await stop(child);
  expect({ code, signal }).toEqual({ code: 3, signal: null });
  expect(JSON.parse(log)).toMatchObject({ level: 'WARNING', left: [left] });
});

test('a process that cannot even exit ends itself past its deadline', async () => {
  const never = `process.on('exit', () => { for (;;); })`;
  const child = start(
    stopping({ close: 'async () => {}', before: `setInterval(() => {}, 1_000); ${never}`, limitMs: 1_500 }),
  );
  const { code, signal, log } = await stop(child);
  expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' });
  expect(log).toContain('it had not shut down within 1500 ms');
});

test('a process whose thread is never given back ends itself past its deadline', async () => {
  const child = start(
    stopping({ close: 'async () => { for (;;); }', before: 'setInterval(() => {}, 1_000)', limitMs: 200 }),
  );
  const { code, signal, log } = await stop(child);
  expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' });
  expect(JSON.parse(log)).toMatchObject({
    level: 'CRITICAL',
    message: 'the process ended itself with SIGKILL: it had not shut down within 200 ms',
  });
});

/** A program that does something, says so, and runs until it is told to stop. */
function stopping({ close, before, limitMs = 20_000 }: { close: string; before: string; limitMs?: number }): string {
  const module = JSON.stringify(new URL('run-until-stopped.ts', import.meta.url).href);
  return `
    const { runUntilStopped } = await import(${module});
    ${before};
    const anchor = setInterval(() => {}, 1_000);
    const stopping = runUntilStopped({ shutdownLimitMs: ${limitMs}, close: async () => {
      clearInterval(anchor);
      await (${close})();
    } });
    process.stdout.write('running');
    await stopping;
  `;
}

async function stop(child: ChildProcessByStdio<null, Readable, Readable>) {
  let log = '';
  child.stderr.on('data', (text: Buffer) => (log += text.toString()));
  await once(child.stdout, 'data');
  const startedAt = performance.now();
  child.kill('SIGTERM');
  const [code, signal] = await once(child, 'close', { signal: AbortSignal.timeout(10_000) });
  return { code: code as number | null, signal: signal as string | null, log, ms: performance.now() - startedAt };
}

function start(code: string): ChildProcessByStdio<null, Readable, Readable> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}
