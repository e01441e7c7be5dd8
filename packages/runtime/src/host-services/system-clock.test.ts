import { describe, expect, it } from 'vitest';
import { createFakeClock } from '@hotswap/test-kit';
import { createSystemClock, endingClock } from './system-clock.ts';

describe('the system clock', () => {
  it('tells the time, and ticks that never go back', async () => {
    const clock = createSystemClock();
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1_000);
    const before = clock.ticks();
    expect(clock.ticks()).toBe(before);
    await clock.sleep(5);
    expect(clock.ticks()).toBeGreaterThan(before);
  });

  it('ends a sleep with the reason of its signal', async () => {
    const clock = createSystemClock();
    const abort = new AbortController();
    const sleep = clock.sleep(60_000, { signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(sleep).rejects.toThrow('enough');
    await expect(clock.sleep(1, { signal: abort.signal })).rejects.toThrow('enough');
  });

  it('runs no work that was cancelled', async () => {
    const clock = createSystemClock();
    let ran = false;
    clock.after(1, () => (ran = true))();
    await clock.sleep(5);
    expect(ran).toBe(false);
  });

  it('takes delays longer than a Node timer can', async () => {
    const clock = createSystemClock();
    let ran = false;
    const cancel = clock.after(2 ** 31 + 1_000, () => (ran = true));
    await clock.sleep(5);
    cancel();
    expect(ran).toBe(false);
  });
});

describe("a generation's clock", () => {
  it('ends its sleeps with the generation, and with the signal of the call', async () => {
    const host = createFakeClock();
    const [generation, call] = [new AbortController(), new AbortController()];
    const clock = endingClock(host, generation.signal);
    const first = expect(clock.sleep(1_000, { signal: call.signal })).rejects.toThrow('call');
    call.abort(new Error('call'));
    await first;
    const second = expect(clock.sleep(1_000)).rejects.toThrow('generation');
    generation.abort(new Error('generation'));
    await second;
    expect(clock.now()).toBe(host.now());
  });
});
