import type { Registration } from '@hotswap/protocol';
import { describe, expect, it } from 'vitest';
import { emptyAssignment } from './assignment.ts';
import { Router } from './router.ts';
import {
  buildRoutingTable,
  createSlotView,
  emptyTable,
  generationFor,
  linksFor,
  matchRoute,
  type Routable,
  type SlotView,
} from './routing-table.ts';
import { unloadingGate } from './unloading-gate.ts';

const route = (path: string, method: 'GET' | 'POST' = 'GET'): Omit<Registration, 'id'> =>
  ({ type: 'route', method, path }) as never;
const middleware = (paths: readonly string[], priority = 100): Omit<Registration, 'id'> =>
  ({ type: 'middleware', paths, priority }) as never;

function slot(name: string, registrations: readonly Omit<Registration, 'id'>[], number = 1): SlotView<Routable> {
  const numbered = registrations.map((registration, index) => ({ ...registration, id: index + 1 }) as Registration);
  const generations = new Map([[number, { number, registrations: numbered }]]);
  return createSlotView({ name, gate: undefined, assignment: { ...emptyAssignment, default: number }, generations });
}

const build = (...slots: readonly SlotView<Routable>[]) => buildRoutingTable(emptyTable<Routable>(), slots);
const chainOf = (table: ReturnType<typeof build>, path: string): readonly string[] =>
  (matchRoute(table, 'GET', path)?.value.chain ?? []).map(
    ({ slot: index, key }) => `${table.slots[index]?.name} ${key.split(' ', 1)[0]}`,
  );

describe('building a table', () => {
  it('uses the shape of the one before while no plugin changes its routes', () => {
    const first = build(slot('a', [route('/a')]), slot('b', [middleware(['/*'])]));
    const second = buildRoutingTable(first, [slot('a', [route('/a')], 2), slot('b', [middleware(['/*'])])]);
    expect(second.shape).toBe(first.shape);
    expect(second.slots[0]?.sole?.number).toBe(2);
    const third = buildRoutingTable(second, [
      slot('a', [route('/a'), route('/more')], 3),
      slot('b', [middleware(['/*'])]),
    ]);
    expect(third.shape).not.toBe(first.shape);
  });

  it('makes a new shape when a middleware changes nothing but its priority or its paths', () => {
    const first = build(slot('a', [middleware(['/*'], 10)]));
    expect(buildRoutingTable(first, [slot('a', [middleware(['/*'], 20)], 2)]).shape).not.toBe(first.shape);
    expect(buildRoutingTable(first, [slot('a', [middleware(['/a'], 10)], 2)]).shape).not.toBe(first.shape);
  });

  it('refuses two plugins that want one route and names both', () => {
    const attempt = (): unknown => build(slot('a', [route('/x/:id')]), slot('b', [route('/x/:other')]));
    expect(attempt).toThrow(expect.objectContaining({ code: 'ROUTE_CONFLICT' }));
    expect(attempt).toThrow('plugin b wants route GET /x/:other, which plugin a has');
  });

  it('refuses a plugin that registers one shape twice under two names', () => {
    expect(() => build(slot('a', [route('/x/:id'), route('/x/:name')]))).toThrow(
      expect.objectContaining({ code: 'ROUTE_CONFLICT' }),
    );
  });

  it('lets two generations of one plugin have the same route', () => {
    const both = slot('a', [route('/x')]);
    const next = slot('a', [route('/x')], 2).generations.get(2) as Routable;
    const assignment = { ...both.assignment, weights: [{ generation: 2, share: 0.5 }] };
    const table = build(
      createSlotView({ ...both, assignment, generations: new Map([...both.generations, [2, next]]) }),
    );
    const slotIndex = matchRoute(table, 'GET', '/x')?.value.slot ?? -1;
    expect(generationFor(table, slotIndex, { key: { stickyHash: 0.1 } })?.number).toBe(2);
    expect(generationFor(table, slotIndex, { key: { stickyHash: 0.9 } })?.number).toBe(1);
  });
});

describe('the chain in front of a route', () => {
  it('runs lower priorities first and equal ones in the order of the plugins', () => {
    const table = build(
      slot('late', [middleware(['/*'], 100)]),
      slot('early', [middleware(['/*'], 10)]),
      slot('also-late', [middleware(['/*'], 100)]),
      slot('app', [route('/x')]),
    );
    expect(chainOf(table, '/x')).toEqual(['early middleware#0', 'late middleware#0', 'also-late middleware#0']);
  });

  it('is certain where the patterns settle it, and looked at per path where they do not', () => {
    const table = build(
      slot('guard', [middleware(['/users/admin'])]),
      slot('app', [route('/users/:name'), route('/files/*')]),
    );
    expect(matchRoute(table, 'GET', '/users/ada')?.value.isChainCertain).toBe(false);
    expect(matchRoute(table, 'GET', '/files/a')?.value).toMatchObject({ isChainCertain: true, chain: [] });
    const certain = build(slot('guard', [middleware(['/users/*'])]), slot('app', [route('/users/:name')]));
    expect(matchRoute(certain, 'GET', '/users/ada')?.value.isChainCertain).toBe(true);
  });

  it('stands in front of paths that no route answers too', () => {
    const table = build(slot('guard', [middleware(['/private/*'])]));
    expect(linksFor(table, '/private/x')).toHaveLength(1);
    expect(linksFor(table, '/public')).toHaveLength(0);
  });
});

it('has no generation for a plugin that is being unloaded', () => {
  const table = build(createSlotView({ ...slot('a', [route('/x')]), gate: unloadingGate }));
  expect(matchRoute(table, 'GET', '/x')).toBeDefined();
  expect(generationFor(table, 0, { key: {} })).toBeUndefined();
});

it('is taken by the router in one assignment, and only when published', () => {
  const router = new Router<Routable>();
  const table = router.prepare([slot('a', [route('/x')])]);
  expect(matchRoute(router.table, 'GET', '/x')).toBeUndefined();
  const { version } = router;
  router.publish(table);
  expect(matchRoute(router.table, 'GET', '/x')).toBeDefined();
  expect(router.version).toBe(version + 1);
});
