import { expect, test } from 'vitest';
import { SlidingWindow } from './sliding-window.ts';

const minute = 60_000;

function spend(window: SlidingWindow, times: number, options: { limit: number; at: number; client?: string }): number {
  const { limit, at, client = 'ada' } = options;
  return Array.from({ length: times }, () => window.take(client, limit, at)).filter(({ isAllowed }) => isAllowed)
    .length;
}

test('allows as many as the limit says, to each client', () => {
  const window = new SlidingWindow({ windowMs: minute, maxClients: 10 });
  expect(spend(window, 9, { limit: 5, at: 0 })).toBe(5);
  expect(spend(window, 9, { limit: 5, at: 0, client: 'bob' })).toBe(5);
});

test('slides: no two halves of neighbouring stretches hold more than the limit', () => {
  const window = new SlidingWindow({ windowMs: minute, maxClients: 10 });
  expect(spend(window, 10, { limit: 10, at: minute - 1 })).toBe(10);
  expect(spend(window, 10, { limit: 10, at: minute })).toBe(0);
  expect(spend(window, 10, { limit: 10, at: minute * 1.5 })).toBe(5);
  expect(spend(window, 10, { limit: 10, at: minute * 3 })).toBe(10);
});

test.each([0, 10_000, 30_000, 59_000, 60_000, 61_000, 95_000])(
  'says when to come back, to the millisecond, at %i',
  (at) => {
    const window = new SlidingWindow({ windowMs: minute, maxClients: 10 });
    spend(window, 3, { limit: 3, at: 5_000 });
    spend(window, 3, { limit: 3, at });
    const decision = window.take('ada', 3, at);
    if (decision.isAllowed) throw new Error('the budget should be used up');
    const early = new SlidingWindow({ windowMs: minute, maxClients: 10 }, window.exportState());
    expect(early.take('ada', 3, at + decision.retryAfterMs - 1).isAllowed).toBe(false);
    expect(window.take('ada', 3, at + decision.retryAfterMs).isAllowed).toBe(true);
  },
);

test('allows nothing at a limit of zero', () => {
  const window = new SlidingWindow({ windowMs: minute, maxClients: 10 });
  expect(window.take('ada', 0, 0)).toMatchObject({ isAllowed: false, retryAfterMs: minute });
});

test('tells the first refusal from the rest', () => {
  const window = new SlidingWindow({ windowMs: minute, maxClients: 10 });
  spend(window, 1, { limit: 1, at: 0 });
  expect(window.take('ada', 1, 1)).toMatchObject({ isFirst: true });
  expect(window.take('ada', 1, 2)).toMatchObject({ isFirst: false });
});

test('forgets the client that it has not seen for longest', () => {
  const window = new SlidingWindow({ windowMs: minute, maxClients: 2 });
  for (const client of ['ada', 'bob', 'ada', 'eve']) window.take(client, 10, 0);
  expect(window.size).toBe(2);
  expect(window.exportState().map(([client]) => client)).toEqual(['ada', 'eve']);
});

test('goes on where another left off', () => {
  const first = new SlidingWindow({ windowMs: minute, maxClients: 10 });
  spend(first, 4, { limit: 5, at: 0 });
  const second = new SlidingWindow({ windowMs: minute, maxClients: 10 }, structuredClone(first.exportState()));
  expect(spend(second, 4, { limit: 5, at: 0 })).toBe(1);
});
