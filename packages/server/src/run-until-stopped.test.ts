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

test('a process whose thread is never given back ends itself past its deadline', async () => {
  const child = start(`
    const { runUntilStopped } = await import(${JSON.stringify(new URL('run-until-stopped.ts', import.meta.url).href)});
    setInterval(() => {}, 1_000);
    const stopping = runUntilStopped({ shutdownLimitMs: 200, close: async () => { for (;;); } });
    process.stdout.write('running');
    await stopping;
  `);
  let log = '';
  child.stderr.on('data', (text: Buffer) => (log += text.toString()));
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  const [code, signal] = await once(child, 'close', { signal: AbortSignal.timeout(10_000) });
  expect([code, signal]).toEqual([null, 'SIGKILL']);
  expect(JSON.parse(log)).toMatchObject({
    level: 'CRITICAL',
    message: 'the process ended itself with SIGKILL: it had not shut down within 200 ms',
  });
});

function start(code: string): ChildProcessByStdio<null, Readable, Readable> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}
