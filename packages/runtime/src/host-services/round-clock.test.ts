import { createFakeClock } from '@hotswap/test-kit';
import { expect, it } from 'vitest';
import { RoundClock } from './round-clock.ts';

it('gives each its turn once a round, the first one a round after it came', async () => {
  const clock = createFakeClock();
  const round = new RoundClock(clock, 30_000);
  const beats: string[] = [];
  round.add({ beat: () => void beats.push('a') });
  await clock.advance(10_000);
  const remove = round.add({ beat: () => void beats.push('b') });
  await clock.advance(19_000);
  expect(beats).toEqual([]);
  await clock.advance(1_000);
  expect(beats).toEqual(['a']);
  await clock.advance(10_000);
  expect(beats).toEqual(['a', 'b']);
  remove();
  await clock.advance(60_000);
  expect(beats).toEqual(['a', 'b', 'a', 'a']);
});

it('needs one timer however many there are, and none when all are gone', async () => {
  const clock = createFakeClock();
  const round = new RoundClock(clock, 30_000);
  const removals = Array.from({ length: 100 }, () => round.add({ beat: () => {} }));
  expect(clock.pending).toBe(1);
  for (const remove of removals) remove();
  await clock.advance(1_000);
  expect(clock.pending).toBe(0);
});
