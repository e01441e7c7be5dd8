import { describe, expect, it } from 'vitest';
import { createFakeClock } from '@hotswap/test-kit';
import { silentLog } from './logging/silent-log.ts';
import { TaskScheduler } from './task-scheduler.ts';

function setUp() {
  const clock = createFakeClock();
  const scheduler = new TaskScheduler({ clock, log: silentLog });
  const runs: string[] = [];
  const schedule = (generation: string, everyMs = 100) =>
    scheduler.schedule({ plugin: 'a', name: 'sweep', everyMs, run: () => void runs.push(generation) });
  return { clock, scheduler, runs, schedule };
}

describe('the task scheduler', () => {
  it('runs a task after each interval, the first one included', async () => {
    const { clock, runs, schedule } = setUp();
    schedule('1');
    await clock.advance(99);
    expect(runs).toEqual([]);
    await clock.advance(1);
    await clock.advance(250);
    expect(runs).toHaveLength(3);
  });

  it('leaves a run out while the one before is still going', async () => {
    const { clock, scheduler } = setUp();
    const { promise, resolve } = Promise.withResolvers<void>();
    scheduler.schedule({ plugin: 'a', name: 'slow', everyMs: 100, run: () => promise });
    await clock.advance(300);
    expect(scheduler.counts('a', 'slow')).toEqual({ runs: 1, failed: 0, skipped: 2 });
    resolve();
    await clock.advance(100);
    expect(scheduler.counts('a', 'slow').runs).toBe(2);
  });

  it('goes on after a run that throws, and counts it', async () => {
    const { clock, scheduler } = setUp();
    scheduler.schedule({ plugin: 'a', name: 'bad', everyMs: 100, run: () => Promise.reject(new Error('no')) });
    await clock.advance(200);
    expect(scheduler.counts('a', 'bad')).toEqual({ runs: 2, failed: 2, skipped: 0 });
  });

  it('stops for good, and aborts the run under way only when it is given a reason', async () => {
    const { clock, scheduler } = setUp();
    const signals: AbortSignal[] = [];
    const { promise } = Promise.withResolvers<void>();
    const task = scheduler.schedule({
      plugin: 'a',
      name: 'x',
      everyMs: 100,
      run: (signal) => (signals.push(signal), promise),
    });
    await clock.advance(100);
    task.stop();
    expect(signals[0]?.aborted).toBe(false);
    task.stop(new Error('ending'));
    expect(signals[0]?.aborted).toBe(true);
    await clock.advance(1_000);
    expect(signals).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it('keeps the rhythm when the next generation takes over, however often that happens', async () => {
    const { clock, runs, schedule } = setUp();
    const first = schedule('1');
    await clock.advance(60);
    first.stop();
    const second = schedule('2');
    await clock.advance(30);
    second.stop();
    schedule('3');
    await clock.advance(10);
    expect(runs).toEqual(['3']);
  });

  it('never runs a task beside the run of the generation before', async () => {
    const { clock, scheduler, runs, schedule } = setUp();
    const { promise, resolve } = Promise.withResolvers<void>();
    const first = scheduler.schedule({ plugin: 'a', name: 'sweep', everyMs: 100, run: () => promise });
    await clock.advance(100);
    first.stop();
    schedule('2', 50);
    await clock.advance(50);
    expect(runs).toEqual([]);
    resolve();
    await clock.advance(50);
    expect(runs).toEqual(['2']);
  });

  it('begins a new rhythm for a new interval, and after a plugin was forgotten', async () => {
    const { clock, scheduler, runs, schedule } = setUp();
    schedule('1').stop();
    await clock.advance(90);
    const second = schedule('2', 200);
    await clock.advance(100);
    expect(runs).toEqual([]);
    second.stop();
    scheduler.forget('a');
    schedule('3', 200);
    await clock.advance(199);
    expect(runs).toEqual([]);
  });
});
