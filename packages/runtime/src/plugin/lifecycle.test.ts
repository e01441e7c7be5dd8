import { constantFrom, array, assert, property } from 'fast-check';
import { expect, it } from 'vitest';
import { type GenerationMove, generationMoves, Lifecycle, type PluginState } from './lifecycle.ts';

const states = Object.keys(generationMoves) as PluginState[];

it('writes every move that is in the table, and no other, whatever is asked for in whatever order', () => {
  assert(
    property(array(constantFrom(...states), { maxLength: 30 }), (asked) => {
      const moves: GenerationMove[] = [];
      const lifecycle = new Lifecycle(
        () => 0,
        (move) => moves.push(move),
      );
      for (const to of asked) {
        const from = lifecycle.state;
        const targets: readonly PluginState[] = generationMoves[from];
        if (lifecycle.can(to)) lifecycle.move(to, 'asked');
        else
          expect(() => lifecycle.move(to, 'asked')).toThrow(
            expect.objectContaining({ code: 'LIFECYCLE_TRANSITION_REFUSED' }),
          );
        expect(lifecycle.state).toBe(targets.includes(to) ? to : from);
      }
      let state: PluginState = 'created';
      for (const { from, to } of moves) {
        expect(from).toBe(state);
        expect(generationMoves[from]).toContain(to);
        state = to;
      }
    }),
  );
});

it('lets nothing come back from stopped or failed', () => {
  expect(generationMoves.stopped).toEqual([]);
  expect(generationMoves.failed).toEqual([]);
});

it('can reach every state, and from every state an end', () => {
  const reach = (from: PluginState): Set<PluginState> => {
    const seen = new Set<PluginState>([from]);
    for (const state of seen) for (const next of generationMoves[state]) seen.add(next);
    return seen;
  };
  expect([...reach('created')].toSorted()).toEqual(states.toSorted());
  for (const state of states) expect([...reach(state)].some((end) => end === 'stopped' || end === 'failed')).toBe(true);
});

it('says when the current state began and why it was entered', () => {
  let now = 10;
  const moves: GenerationMove[] = [];
  const lifecycle = new Lifecycle(
    () => now,
    (move) => moves.push(move),
  );
  expect(lifecycle.since).toBe(10);
  now = 25;
  lifecycle.move('starting', 'chosen');
  expect(lifecycle.since).toBe(25);
  expect(moves).toEqual([{ from: 'created', to: 'starting', reason: 'chosen' }]);
});

it('names both states and the reason of a move it refuses, and stays where it is', () => {
  const lifecycle = new Lifecycle(
    () => 0,
    () => {},
  );
  expect(() => lifecycle.move('active', 'too early')).toThrow('from created to active (too early)');
  expect(lifecycle.state).toBe('created');
});
