import { expect, it, vi } from 'vitest';
import { CallDeadlines, type DeadlineHolder } from './call-deadlines.ts';
import { LeaseBook } from '../routing/lease.ts';

it('ends a call within a tick of its deadline and then stands still', async () => {
  const deadlines = new CallDeadlines(2);
  const leases = new LeaseBook();
  const lease = leases.acquire();
  const ended = new Promise<Error>((resolve) => {
    lease.cancel = (error) => {
      lease.deadlineAt = Infinity;
      resolve(error);
    };
  });
  const holder: DeadlineHolder = {
    openLeases: leases.open(),
    expire: (now) => leases.expire(now, () => new Error('late')),
  };
  deadlines.add(holder);
  lease.deadlineAt = performance.now() + 1;
  deadlines.arm();
  expect(deadlines.isTicking).toBe(true);
  expect((await ended).message).toBe('late');
  expect(lease.signal.aborted).toBe(true);
  await vi.waitFor(() => expect(deadlines.isTicking).toBe(false));
});

it('asks only the holders it still has', () => {
  const deadlines = new CallDeadlines(1);
  const leases = new LeaseBook();
  const holder: DeadlineHolder = { openLeases: leases.open(), expire: () => expect.unreachable('it was removed') };
  deadlines.add(holder);
  deadlines.remove(holder);
  deadlines.arm();
  deadlines.close();
});
