import { expect, onTestFinished, test } from 'vitest';
import type { ProcessorTime } from './processor-time.ts';
import type { Verdict } from './thread-vitals.ts';
import { ThreadWatch, type WatchedThread } from './thread-watch.ts';

const graceMs = 300;

/** Watches a thread whose event loop stands still, and whose processor time is what it is told to be. */
function watchStanding(processor: () => ProcessorTime | undefined): { readonly verdict: () => Verdict | undefined } {
  let verdict: Verdict | undefined;
  const watch = new ThreadWatch();
  const thread: WatchedThread = {
    loop: () => ({ idle: 1, active: 1 }),
    beats: () => 1,
    backlog: () => 0,
    taken: () => 0,
    sent: () => 0,
    heap: () => new Promise(() => {}),
    processor,
    ping: () => {},
    condemn: (said) => (verdict = said),
  };
  watch.add(thread, { memoryMB: 100, graceMs });
  onTestFinished(() => watch.remove(thread));
  return { verdict: () => verdict };
}

async function passes(ms: number): Promise<void> {
  const until = performance.now() + ms;
  await expect.poll(() => performance.now(), { timeout: 10_000 }).toBeGreaterThan(until);
}

test('a thread that wants to run and gets no processor is starved, and not given up', async () => {
  let isStarved = true;
  const { verdict } = watchStanding(() => ({ usedMs: isStarved ? 50 : performance.now(), isRunnable: true }));
  await passes(4 * graceMs);
  expect(verdict()).toBeUndefined();
  isStarved = false;
  await expect.poll(verdict, { timeout: 10_000 }).toMatchObject({ reason: 'unresponsive' });
});

test.each<[string, () => ProcessorTime | undefined]>([
  ['runs and never comes to its event loop', () => ({ usedMs: performance.now(), isRunnable: true })],
  ['waits for something that does not come', () => ({ usedMs: 50, isRunnable: false })],
  ['stands still where nothing is known of its processor time', () => undefined],
])('a thread that %s is given up past its grace', async (_, processor) => {
  const { verdict } = watchStanding(processor);
  await expect.poll(verdict, { timeout: 10_000 }).toMatchObject({ reason: 'unresponsive' });
});
