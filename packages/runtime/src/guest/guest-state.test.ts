import fc from 'fast-check';
import type { StateSettings } from '@hotswap/sdk';
import { describe, expect, it } from 'vitest';
import { decodeState, encodeState, rehearseState, stateSettingsOf, stateTraitsOf } from './guest-state.ts';

const start = (): void => {};

/** One field was renamed at each version: `v1`, `v2`, `v3`. */
const renaming: StateSettings = {
  version: 3,
  migrations: {
    2: {
      up: ({ v1, ...rest }: { v1: unknown }) => ({ ...rest, v2: v1 }),
      down: ({ v2, ...rest }: { v2: unknown }) => ({ ...rest, v1: v2 }),
    },
    3: {
      up: ({ v2, ...rest }: { v2: unknown }) => ({ ...rest, v3: v2 }),
      down: ({ v3, ...rest }: { v3: unknown }) => ({ ...rest, v2: v3 }),
    },
  },
};
const upOnly: StateSettings = { version: 2, migrations: { 2: { up: (state: object) => ({ ...state, isNew: true }) } } };
const at = (version: number): StateSettings => ({ version });

/** Everything a state may hold. */
const value = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
});

describe('what a plugin says of its state', () => {
  it('is nothing, a cache, or a version with the versions it can come from and go back to', () => {
    expect(stateTraitsOf({ start }, undefined)).toBe('none');
    expect(stateTraitsOf({ start, state: 'lossy-cache' }, undefined)).toBe('lossy-cache');
    expect(stateTraitsOf({ start }, 4)).toEqual({ version: 4, oldest: 4, returnsTo: 4 });
    expect(stateTraitsOf({ start, state: renaming }, undefined)).toEqual({ version: 3, oldest: 1, returnsTo: 1 });
    expect(stateTraitsOf({ start, state: upOnly }, undefined)).toEqual({ version: 2, oldest: 1, returnsTo: 2 });
  });

  it('ends at the first step that is missing', () => {
    const gap: StateSettings = { version: 4, migrations: { 4: { up: (state) => state }, 2: { up: (state) => state } } };
    expect(stateTraitsOf({ start, state: gap }, undefined)).toEqual({ version: 4, oldest: 3, returnsTo: 4 });
  });

  it('comes from the code where both code and manifest say it', () => {
    expect(stateSettingsOf({ start, state: renaming }, 9)).toBe(renaming);
    expect(stateSettingsOf({ start }, 9)).toEqual({ version: 9 });
    expect(stateSettingsOf({ start }, undefined)).toBeUndefined();
  });
});

describe('a state that is exported and imported', () => {
  it('is what it was, whatever structuredClone takes', () => {
    fc.assert(
      fc.property(value, (state) => {
        const before = structuredClone(state);
        const exported = encodeState(at(1), state);
        expect(decodeState(at(1), exported)).toStrictEqual(before);
        expect(state).toStrictEqual(before);
      }),
    );
  });

  it('shares nothing with the bytes it came from: a plugin that writes to its arrays changes no snapshot', () => {
    const state = {
      bytes: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]),
      buffer: Buffer.from('hello'),
      numbers: new Float64Array([1, 2]),
      view: new DataView(new ArrayBuffer(4)),
    };
    const exported = encodeState(undefined, state);
    const sealed = exported.bytes.slice();
    const first = decodeState(undefined, exported) as typeof state;
    first.bytes.fill(255);
    first.buffer.fill(255);
    first.numbers.fill(255);
    first.view.setUint32(0, 255);
    expect(Buffer.compare(exported.bytes, sealed)).toBe(0);
    expect(decodeState(undefined, exported)).toStrictEqual(state);
    // Nor does a small array keep the whole state alive.
    expect(first.bytes.buffer.byteLength).toBe(8);
    expect(first.buffer.buffer.byteLength).toBe(5);
  });

  it('keeps the same array the same array', () => {
    const bytes = new Uint8Array(3);
    const copy = decodeState(undefined, encodeState(undefined, { a: bytes, b: bytes })) as Record<string, unknown>;
    expect(copy['a']).toBe(copy['b']);
  });

  it('is refused with STATE_NOT_CLONEABLE when it holds a function', () => {
    expect(() => encodeState(at(1), { callback: () => {} })).toThrow(
      expect.objectContaining({ code: 'STATE_NOT_CLONEABLE' }),
    );
  });
});

describe('migrations', () => {
  it('go up step by step, and down step by step', () => {
    const old = encodeState(at(1), { v1: 'x', other: 1 });
    expect(decodeState(renaming, old)).toEqual({ v3: 'x', other: 1 });
    const returned = encodeState(renaming, { v3: 'x', other: 1 }, 1);
    expect(returned.schemaVersion).toBe(1);
    expect(decodeState(at(1), returned)).toEqual({ v1: 'x', other: 1 });
    expect(decodeState({ ...renaming, version: 2 }, encodeState(renaming, { v3: 'x' }, 2))).toEqual({ v2: 'x' });
  });

  it('up and then down is the identity, for any state of any version', () => {
    fc.assert(
      fc.property(value, fc.integer({ min: 1, max: 3 }), (inner, version) => {
        const state = { [`v${version}`]: inner, other: 1 };
        const exported = encodeState(at(version), state);
        expect(rehearseState(renaming, exported)).toBe(true);
        const up = decodeState(renaming, exported);
        expect(decodeState(at(version), encodeState(renaming, up, version))).toStrictEqual(structuredClone(state));
      }),
    );
  });

  it('up and then down is the identity or is refused, for any two steps', () => {
    const step = fc.constantFrom<(state: { n: number }) => unknown>(
      (state) => state,
      ({ n }) => ({ n: n + 1 }),
      ({ n }) => ({ n: n - 1 }),
      ({ n }) => ({ n: Math.abs(n) }),
      (state) => Object.assign(state, { n: 0 }),
      () => ({}),
    );
    fc.assert(
      fc.property(fc.integer(), step, step, (n, up, down) => {
        const settings: StateSettings = { version: 2, migrations: { 2: { up, down } } };
        const exported = encodeState(at(1), { n });
        const back = decodeState(at(1), encodeState(settings, decodeState(settings, exported), 1)) as { n?: number };
        const isIdentity = Object.is(back.n, n);
        if (isIdentity) expect(rehearseState(settings, exported)).toBe(true);
        else
          expect(() => rehearseState(settings, exported)).toThrow(
            expect.objectContaining({ code: 'STATE_ROUND_TRIP_FAILED', details: { from: 1, to: 2 } }),
          );
      }),
    );
  });

  it('that write to what they are given change neither the live state nor the snapshot', () => {
    const inPlace: StateSettings = {
      version: 2,
      migrations: {
        2: {
          up: (state: { seen: Uint8Array }) => (state.seen.fill(9), state),
          down: (state: { seen: Uint8Array }) => (state.seen.fill(0), state),
        },
      },
    };
    const live = { seen: new Uint8Array([5]) };
    encodeState(inPlace, live, 1);
    expect(live.seen).toEqual(new Uint8Array([5]));
    const old = encodeState(at(1), live);
    // 5 goes up to 9 and down to 0: with shared bytes it would be compared with itself and pass.
    expect(() => rehearseState(inPlace, old)).toThrow(expect.objectContaining({ code: 'STATE_ROUND_TRIP_FAILED' }));
    expect(decodeState(at(1), old)).toEqual(live);
  });

  it('that answer a class or an object without prototype pass: what is stored is the same', () => {
    class Count {
      v1 = 1;
    }
    const settings: StateSettings = {
      version: 2,
      migrations: { 2: { up: () => ({ v2: 1 }), down: () => new Count() } },
    };
    expect(rehearseState(settings, encodeState(at(1), { v1: 1 }))).toBe(true);
  });

  it('are told apart by whether there is a way back', () => {
    const old = encodeState(at(1), {});
    expect(rehearseState(upOnly, old)).toBe(false);
    expect(rehearseState(upOnly, encodeState(at(2), {}))).toBe(true);
    expect(rehearseState(undefined, old)).toBe(true);
  });

  it('are refused where a step is missing, upwards, downwards and from the future', () => {
    const missing = (from: number, to: number) =>
      expect.objectContaining({ code: 'STATE_VERSION_UNREACHABLE', details: { from, to } });
    expect(() => decodeState(at(3), encodeState(at(1), 1))).toThrow(missing(1, 3));
    expect(() => encodeState(upOnly, 1, 1)).toThrow(missing(2, 1));
    expect(() => decodeState(at(1), encodeState(at(2), 1))).toThrow(missing(2, 1));
    expect(() => encodeState(at(1), 1, 2)).toThrow(missing(1, 2));
    expect(() => rehearseState(at(1), encodeState(at(2), 1))).toThrow(missing(2, 1));
  });

  it('that throw, or answer a promise, are named with the step', () => {
    const failing = (up: () => unknown): StateSettings => ({
      version: 3,
      migrations: { 2: { up: (state) => state }, 3: { up } },
    });
    const old = encodeState(at(1), {});
    const thrower = failing(() => {
      throw new Error('no total');
    });
    expect(() => decodeState(thrower, old)).toThrow(
      expect.objectContaining({
        code: 'STATE_MIGRATION_FAILED',
        details: expect.objectContaining({ from: 2, to: 3, problem: 'no total' }),
      }),
    );
    expect(() =>
      decodeState(
        failing(async () => ({})),
        old,
      ),
    ).toThrow(/answers a promise/);
  });
});
