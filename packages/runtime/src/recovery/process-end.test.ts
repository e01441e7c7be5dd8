import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { ProcessEnd } from './process-end.ts';
import { silentLog } from '../host-services/logging/silent-log.ts';
import type { StuckThread } from '../status.ts';

class EndingProcess extends EventEmitter {
  killed = 0;

  kill(): void {
    this.killed++;
  }
}

const thread: StuckThread = { plugin: 'looper', generation: 3, since: 0, reason: 'its event loop stood still' };

function ending() {
  const lines: (readonly [object, string | undefined])[] = [];
  const log = {
    ...silentLog,
    error: (fields: object | string, text?: string) => void lines.push([Object(fields), text]),
  };
  const running = new EndingProcess();
  const stuck: StuckThread[] = [];
  const end = new ProcessEnd({ log, stuck: () => stuck }, running);
  return { end, running, stuck, lines };
}

test('a process with a stuck thread says so and ends itself, where Node would wait for ever', () => {
  const { end, running, stuck, lines } = ending();
  stuck.push(thread);
  end.arm();
  running.emit('exit', 7);
  expect(running.killed).toBe(1);
  expect(lines).toEqual([
    [{ exit_code: 7, stuck: [thread] }, expect.stringContaining('1 of its threads cannot be ended')],
  ]);
});

test('a thread that ended after all keeps nobody from an ordinary exit', () => {
  const { end, running, stuck, lines } = ending();
  stuck.push(thread);
  end.arm();
  stuck.pop();
  running.emit('exit', 0);
  expect(running.killed).toBe(0);
  expect(lines).toEqual([]);
});

test('it listens once, behind all others', () => {
  const { end, running, stuck } = ending();
  const order: string[] = [];
  stuck.push(thread);
  end.arm();
  running.on('exit', () => order.push(`other, after ${running.killed} kills`));
  end.arm();
  running.emit('exit', 0);
  expect(order).toEqual(['other, after 0 kills']);
  expect(running.killed).toBe(1);
});
