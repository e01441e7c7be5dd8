import type { Registration } from '@hotswap/protocol';
import { describe, expect, it } from 'vitest';
import { locate } from './locate.ts';
import type { Generation } from '../../plugin/generation.ts';
import { emptyAssignment, withDefault } from '../../routing/assignment.ts';
import type { Gate } from '../../routing/gate.ts';
import { createSlotView, type SlotView } from '../../routing/routing-table.ts';

/** As much of a generation as routing looks at. */
function generation(number: number, handsOver: boolean | undefined): Generation {
  const registrations: readonly Registration[] =
    handsOver === undefined ? [] : [{ type: 'websocket', id: 1, path: '/chat', handsOver, protocols: [] }];
  const handlerAt = (key: string) => (key === 'WebSocket /chat' && handsOver !== undefined ? () => {} : undefined);
  return { number, registrations, handlerAt } as unknown as Generation;
}

const [one, two] = [generation(1, true), generation(2, true)];
const alone = generation(3, false);
const without = generation(4, undefined);

function view(serving: Generation | undefined, reason?: Gate<Generation>['reason'], pinned?: Generation) {
  const generations = new Map([one, two, alone, without].map((each) => [each.number, each]));
  const assignment = withDefault(emptyAssignment, serving?.number, new Set(generations.keys()));
  const byTenant = new Map(pinned ? [['acme', pinned.number]] : []);
  const gate: Gate<Generation> | undefined = reason && { reason, admit: () => ({ type: 'skip' }) };
  return createSlotView({ name: 'chat', gate, assignment: { ...assignment, byTenant }, generations });
}

const route = { route: 'WebSocket /chat', path: '/chat', key: {} };
const from = (home: Generation | undefined, table: SlotView<Generation> | undefined, key = {}) =>
  locate(table, { ...route, home, key });

describe('a connection', () => {
  it('stays where the table names its generation', () => {
    expect(from(one, view(one))).toEqual({ place: 'here' });
    expect(from(alone, view(alone))).toEqual({ place: 'here' });
  });

  it('goes on where both generations hand over', () => {
    expect(from(one, view(two))).toEqual({ place: 'next', next: two });
    for (const [home, serving] of [
      [one, alone],
      [alone, one],
      [one, without],
    ]) {
      expect(from(home, view(serving))).toEqual({ place: 'nowhere', because: 'replaced' });
    }
  });

  it('begins with whatever generation has its route', () => {
    expect(from(undefined, view(alone))).toEqual({ place: 'next', next: alone });
    expect(from(undefined, view(without))).toEqual({ place: 'nowhere', because: 'replaced' });
  });

  it('follows the pin of its tenant', () => {
    expect(from(one, view(two, undefined, one), { tenant: 'acme' })).toEqual({ place: 'here' });
    expect(from(one, view(one, undefined, two), { tenant: 'acme' })).toEqual({ place: 'next', next: two });
  });

  it('waits while its plugin is parked, unless nobody may take it over', () => {
    expect(from(one, view(one, 'parked'))).toEqual({ place: 'held' });
    expect(from(undefined, view(one, 'parked'))).toEqual({ place: 'held' });
    expect(from(alone, view(alone, 'parked'))).toEqual({ place: 'nowhere', because: 'replaced' });
  });

  it('ends where its plugin is unloaded, gone or down', () => {
    expect(from(one, view(one, 'unloading'))).toEqual({ place: 'nowhere', because: 'unloaded' });
    expect(from(one, view(undefined))).toEqual({ place: 'nowhere', because: 'unloaded' });
    expect(from(one, undefined)).toEqual({ place: 'nowhere', because: 'unloaded' });
    expect(from(one, view(one, 'down'))).toEqual({ place: 'nowhere', because: 'down' });
  });
});
