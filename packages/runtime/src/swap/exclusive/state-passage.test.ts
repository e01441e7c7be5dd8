import { assert, boolean, integer, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planStatePassage, type PassageFacts } from './state-passage.ts';

const range = (version: number, returnsTo = version) => ({ version, oldest: 1, returnsTo });
const facts: PassageFacts = {
  plugin: 'a',
  from: range(1),
  to: range(1),
  writes: 0,
  earlier: undefined,
  isForced: false,
};

describe('the state of an exclusive plugin', () => {
  it('goes over as it is between generations of one version, and without a rehearsal', () => {
    expect(planStatePassage(facts)).toEqual({ type: 'carry', version: undefined, isRehearsed: false });
    expect(planStatePassage({ ...facts, from: 'none', to: 'none' })).toMatchObject({ type: 'carry' });
  });

  it('goes up in the new generation, and is rehearsed', () => {
    expect(planStatePassage({ ...facts, to: range(3) })).toEqual({
      type: 'carry',
      version: undefined,
      isRehearsed: true,
    });
  });

  it('goes down in the old generation, as far as it knows the way', () => {
    const back = { ...facts, from: range(3, 2), writes: 7 };
    expect(planStatePassage({ ...back, to: range(2) })).toEqual({ type: 'carry', version: 2, isRehearsed: true });
    expect(() => planStatePassage({ ...back, to: range(1) })).toThrow(
      expect.objectContaining({ code: 'ROLLBACK_NEEDS_FORCE', details: { plugin: 'a', from: 3, to: 1, writes: 7 } }),
    );
  });

  it('is what it was before where no way leads down: if nothing was written, or if somebody said so', () => {
    const stuck = { ...facts, from: range(2), to: range(1) };
    expect(planStatePassage(stuck)).toEqual({ type: 'restore', state: undefined, lost: 0 });
    expect(planStatePassage({ ...stuck, writes: 5, isForced: true })).toEqual({
      type: 'restore',
      state: undefined,
      lost: 5,
    });
  });

  it('is not made up where the one from before is gone', () => {
    const gone = { ...facts, from: range(2), to: range(1), earlier: 'gone', isForced: true } as const;
    expect(() => planStatePassage(gone)).toThrow(expect.objectContaining({ code: 'STATE_GONE' }));
  });
});

it('never loses a write in silence', () => {
  const version = integer({ min: 1, max: 5 });
  assert(
    property(version, version, nat(4), nat(9), boolean(), (from, to, down, writes, isForced) => {
      const given = { ...facts, from: range(from, Math.max(1, from - down)), to: range(to), writes, isForced };
      try {
        const passage = planStatePassage(given);
        const lost = passage.type === 'restore' ? passage.lost : 0;
        expect(lost).toBe(passage.type === 'restore' ? writes : 0);
        if (lost > 0) expect(isForced).toBe(true);
      } catch {
        expect(writes > 0 && !isForced && from > to && from - down > to).toBe(true);
      }
    }),
  );
});
