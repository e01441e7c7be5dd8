import { expect, it } from 'vitest';
import { LeaseBook } from './lease.ts';

it('counts open leases and brief calls, and is idle when the last is gone', async () => {
  const leases = new LeaseBook();
  await leases.whenIdle();
  const lease = leases.acquire();
  leases.enterBrief();
  expect(leases.count).toBe(2);
  let isIdle = false;
  const idle = leases.whenIdle().then(() => (isIdle = true));
  leases.leaveBrief();
  await Promise.resolve();
  expect(isIdle).toBe(false);
  lease.release();
  await idle;
  expect(leases.count).toBe(0);
});

it('counts a lease that is given back twice once', () => {
  const leases = new LeaseBook();
  const lease = leases.acquire();
  leases.acquire();
  lease.release();
  lease.release();
  expect(leases.count).toBe(1);
});

it('aborts signals that were looked at before and signals that are looked at after', () => {
  const leases = new LeaseBook();
  const [early, late] = [leases.acquire(), leases.acquire()];
  const signal = early.signal;
  expect(leases.abortAll(new Error('drained'))).toBe(2);
  expect(signal.reason).toEqual(new Error('drained'));
  expect(late.signal.reason).toEqual(new Error('drained'));
});

it('keeps the first reason of an abort', () => {
  const lease = new LeaseBook().acquire();
  lease.abort('first');
  lease.abort('second');
  expect(lease.signal.reason).toBe('first');
});

it('tells open-ended answers that the drain begins', () => {
  const leases = new LeaseBook();
  let isTold = false;
  leases.acquire().onDrain = () => (isTold = true);
  leases.acquire();
  leases.announceDrain();
  expect(isTold).toBe(true);
});

it('settles the calls that wait and ends only those whose time is over', () => {
  const leases = new LeaseBook();
  const settled: string[] = [];
  for (const [name, deadlineAt] of [
    ['early', 5],
    ['late', 50],
  ] as const) {
    const lease = leases.acquire();
    lease.deadlineAt = deadlineAt;
    lease.cancel = () => void settled.push(name);
  }
  leases.expire(10, () => new Error('over'));
  expect(settled).toEqual(['early']);
  leases.cancelAll(new Error('enough'));
  expect(settled).toEqual(['early', 'early', 'late']);
});
