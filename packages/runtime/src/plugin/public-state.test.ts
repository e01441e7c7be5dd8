import { expect, it } from 'vitest';
import { publicMoves, publicStateOf, type SlotFacts } from './public-state.ts';
import type { PublicState } from '../status.ts';

const yesNo = [true, false];
const operations = ['start', 'replace', 'remove', undefined] as const;
const allFacts: readonly SlotFacts[] = yesNo.flatMap((isEnabled) =>
  yesNo.flatMap((isServing) =>
    yesNo.flatMap((isParked) =>
      operations.flatMap((operation) =>
        yesNo.map((isWaiting) => ({ isEnabled, isServing, isParked, operation, isWaiting })),
      ),
    ),
  ),
);

/** The table of the specification; the runtime may know more moves, never fewer. */
const promised: Readonly<Record<string, readonly PublicState[]>> = {
  loading: ['active', 'failed', 'unloading'],
  active: ['reloading', 'unloading', 'failed', 'disabled'],
  reloading: ['active', 'failed'],
  failed: ['loading', 'unloading', 'disabled'],
  disabled: ['loading', 'unloading'],
};

it('answers one of the six words for every combination of facts', () => {
  const words = new Set(allFacts.map(publicStateOf));
  expect([...words].toSorted()).toEqual(Object.keys(publicMoves).toSorted());
});

it('is unloading whenever the plugin is being removed, whatever else holds', () => {
  for (const facts of allFacts) {
    if (facts.operation === 'remove') expect(publicStateOf(facts)).toBe('unloading');
    else expect(publicStateOf(facts)).not.toBe('unloading');
  }
});

it('is active or reloading exactly while a generation serves or hands over', () => {
  for (const facts of allFacts.filter(({ operation }) => operation !== 'remove')) {
    const isUp = ['active', 'reloading'].includes(publicStateOf(facts));
    expect(isUp).toBe(facts.isServing || facts.isParked);
  }
});

it('is loading while the first generation is on its way or waits for another plugin', () => {
  const facts = {
    isEnabled: true,
    isServing: false,
    isParked: false,
    operation: undefined,
    isWaiting: false,
  } as const;
  expect(publicStateOf({ ...facts, operation: 'start' })).toBe('loading');
  expect(publicStateOf({ ...facts, isWaiting: true })).toBe('loading');
  expect(publicStateOf(facts)).toBe('failed');
  expect(publicStateOf({ ...facts, isEnabled: false })).toBe('disabled');
});

it('knows every move that is promised', () => {
  for (const [from, targets] of Object.entries(promised)) {
    expect(publicMoves[from as PublicState]).toEqual(expect.arrayContaining([...targets]));
  }
});

it('reaches only legal states when one fact changes at a time, as the runtime changes them', () => {
  const begin: SlotFacts = { isEnabled: true, isServing: false, isParked: false, operation: 'start', isWaiting: false };
  const served = { ...begin, isServing: true, operation: undefined };
  const paths: readonly (readonly SlotFacts[])[] = [
    [begin, served, { ...served, operation: 'replace' }, served, { ...served, operation: 'remove' }],
    [begin, { ...begin, operation: undefined }, begin, served],
    [
      served,
      { ...served, operation: 'remove', isEnabled: false },
      { ...begin, operation: undefined, isEnabled: false },
    ],
    [{ ...begin, operation: undefined, isEnabled: false }, { ...begin, isEnabled: false }, served],
  ];
  for (const path of paths) {
    for (const [index, facts] of path.entries()) {
      const from = path[index - 1] && publicStateOf(path[index - 1] as SlotFacts);
      if (from !== undefined) expect(publicMoves[from]).toContain(publicStateOf(facts));
    }
  }
});
