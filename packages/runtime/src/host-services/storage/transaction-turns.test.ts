import { createFakeClock } from '@hotswap/test-kit';
import { expect, it } from 'vitest';
import { TransactionTurns } from './transaction-turns.ts';

it('come one after the other, in the order in which they were asked for', async () => {
  const turns = new TransactionTurns(createFakeClock());
  const order: string[] = [];
  const takes = ['first', 'second', 'third'].map(async (name) => {
    const end = await turns.take();
    order.push(`${name} begins`);
    await Promise.resolve();
    order.push(`${name} ends`);
    end();
  });
  expect(turns.areTaken).toBe(true);
  await Promise.all(takes);
  expect(order).toEqual(['first', 'second', 'third'].flatMap((name) => [`${name} begins`, `${name} ends`]));
  expect(turns.areTaken).toBe(false);
});

it('are given to the next while one takes long, also to one that asks late', async () => {
  const clock = createFakeClock();
  const turns = new TransactionTurns(clock);
  const endSlow = await turns.take();
  await clock.advance(1_000);
  const late = turns.take();
  await clock.advance(100);
  const endLate = await late;
  expect(turns.areTaken).toBe(true);
  endLate();
  endSlow();
  expect(turns.areTaken).toBe(false);
});
