import { array, assert, boolean, constantFrom, integer, nat, oneof, property, record, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CallWatch } from './call-watch.ts';
import { breakerMoves, closedBreaker, judgeBreaker } from './circuit-breaker.ts';
import { defaultRecoveryPolicy } from '../recovery-policy.ts';

const policy = defaultRecoveryPolicy;
const rules = policy.breaker;

/** A generation's counters, and what calls do to them. */
function counting() {
  const counted = { requests: 0, errors: 0, faults: 0, timeouts: 0 };
  const call = (isError: boolean): void => {
    counted.requests++;
    if (isError) counted.errors++;
  };
  return { counted, call };
}

describe('a breaker', () => {
  it('opens when half of at least twenty calls failed, and not before', () => {
    const judge = (calls: number, failures: number) =>
      judgeBreaker(closedBreaker, { calls, failures, now: 7 }, rules).state;
    expect(judge(19, 19)).toBe('closed');
    expect(judge(20, 9)).toBe('closed');
    expect(judge(20, 10)).toBe('open');
    expect(judge(0, 0)).toBe('closed');
  });

  it('is half-open after ten seconds, and closes after three good calls', () => {
    const open = judgeBreaker(closedBreaker, { calls: 20, failures: 20, now: 0 }, rules);
    expect(judgeBreaker(open, { calls: 0, failures: 0, now: 9_999 }, rules)).toBe(open);
    const half = judgeBreaker(open, { calls: 0, failures: 0, now: 10_000 }, rules);
    expect(half.state).toBe('half-open');
    const one = judgeBreaker(half, { calls: 1, failures: 0, now: 10_001 }, rules);
    const two = judgeBreaker(one, { calls: 1, failures: 0, now: 10_002 }, rules);
    expect([one.state, two.state]).toEqual(['half-open', 'half-open']);
    expect(judgeBreaker(two, { calls: 1, failures: 0, now: 10_003 }, rules).state).toBe('closed');
    expect(judgeBreaker(two, { calls: 1, failures: 1, now: 10_003 }, rules).state).toBe('open');
  });

  it('moves only as its table says, whatever it sees', () => {
    const sight = record({ calls: nat(60), share: integer({ min: 0, max: 100 }), after: nat(12_000) });
    assert(
      property(array(sight, { maxLength: 40 }), (sights) => {
        let breaker = closedBreaker;
        let now = 0;
        for (const { calls, share, after } of sights) {
          now += after;
          const next = judgeBreaker(breaker, { calls, failures: Math.round((calls * share) / 100), now }, rules);
          if (next.state !== breaker.state) expect(breakerMoves[breaker.state]).toContain(next.state);
          if (next.state === 'open' && breaker.state === 'open') expect(now - breaker.since).toBeLessThan(10_000);
          breaker = next;
        }
      }),
    );
  });
});

describe('a watch over the calls of a generation', () => {
  it('judges the last ten seconds, and not what was before', () => {
    const { counted, call } = counting();
    const watch = new CallWatch(counted, 0, policy);
    for (let second = 1; second <= 30; second++) {
      for (let n = 0; n < 100; n++) call(false);
      watch.note(second * 1_000, policy);
    }
    for (let n = 0; n < 20; n++) call(true);
    expect(watch.judge(30_100, policy)).toBe(false);
    for (let second = 31; second <= 41; second++) watch.note(second * 1_000, policy);
    for (let n = 0; n < 20; n++) call(true);
    expect(watch.judge(41_500, policy)).toBe(true);
    expect(watch.breaker.state).toBe('open');
  });

  it('lets one call at a time through while it is half-open', () => {
    const { counted, call } = counting();
    const watch = new CallWatch(counted, 0, policy);
    for (let n = 0; n < 20; n++) call(true);
    watch.judge(1, policy);
    expect(watch.takeProbe(5_000, policy)).toBe(false);
    watch.judge(10_001, policy);
    for (const at of [10_010, 10_020, 10_030]) {
      expect(watch.takeProbe(at, policy)).toBe(true);
      expect(watch.takeProbe(at, policy)).toBe(false);
      call(false);
      watch.judge(at + 1, policy);
    }
    expect(watch.breaker.state).toBe('closed');
  });

  it('does not wait for ever for a call that never ends', () => {
    const { counted, call } = counting();
    const watch = new CallWatch(counted, 0, policy);
    for (let n = 0; n < 20; n++) call(true);
    watch.judge(0, policy);
    watch.judge(10_000, policy);
    expect(watch.takeProbe(10_000, policy)).toBe(true);
    expect(watch.takeProbe(19_999, policy)).toBe(false);
    expect(watch.takeProbe(20_000, policy)).toBe(true);
  });

  it('tells three unanswered calls in a row, and forgets them at the first good one', () => {
    const { counted, call } = counting();
    const watch = new CallWatch(counted, 0, policy);
    const late = () => {
      counted.timeouts++;
      call(true);
      return watch.symptom(1, policy);
    };
    expect([late(), late()]).toEqual([undefined, undefined]);
    call(false);
    expect([late(), late(), late()]).toEqual([undefined, undefined, 'timeouts']);
  });

  it('tells ten errors outside calls within a minute, and not ten in an hour', () => {
    const { counted } = counting();
    const watch = new CallWatch(counted, 0, policy);
    for (let minute = 1; minute <= 20; minute++) {
      counted.faults++;
      expect(watch.symptom(minute * 60_000, policy)).toBeUndefined();
      for (let second = 0; second < 60; second += 5) watch.note(minute * 60_000 + second * 1_000, policy);
    }
    counted.faults += 10;
    expect(watch.symptom(21 * 60_000, policy)).toBe('faults');
  });

  it('agrees with a count of every call in the window, to within one look', () => {
    const steps = array(oneof(tuple(constantFrom('call' as const), boolean()), tuple(constantFrom('tick' as const))), {
      maxLength: 400,
    });
    assert(
      property(steps, (taken) => {
        const { counted, call } = counting();
        const watch = new CallWatch(counted, 0, policy);
        const calls: { readonly at: number; readonly isError: boolean }[] = [];
        let now = 0;
        for (const [what, isError = false] of taken) {
          if (what === 'tick') watch.note((now += 1_000), policy);
          else {
            call(isError);
            calls.push({ at: now, isError });
            const recent = (ms: number) => calls.filter(({ at }) => at > now - ms || at === now);
            const isFailing = (seen: typeof calls) =>
              seen.length >= 20 && seen.filter((one) => one.isError).length * 2 >= seen.length;
            const isSure = isFailing(recent(10_000)) === isFailing(recent(11_000));
            const hasOpened = watch.judge(now, policy);
            if (isSure) expect(hasOpened).toBe(isFailing(recent(10_000)));
            if (hasOpened) return;
          }
        }
      }),
    );
  });
});
