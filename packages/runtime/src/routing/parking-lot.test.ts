import { describe, expect, it } from 'vitest';
import type { Admission, Held } from './gate.ts';
import { ParkingLot } from './parking-lot.ts';

const last = { plugin: 'a', number: 1 };
const caller = (...holds: readonly Held[]) => ({ kind: 'route' as const, holds: () => holds });
const waitsFor =
  (graph: Readonly<Record<string, readonly string[]>>) =>
  (plugin: string): readonly string[] =>
    graph[plugin] ?? [];

function lotWith(graph: Readonly<Record<string, readonly string[]>> = {}, places = 2) {
  const calls = { full: 0 };
  const lot = new ParkingLot({ last, places, waitsFor: waitsFor(graph), onFull: () => void calls.full++ });
  return { lot, calls };
}

function waiting(admission: Admission<Held>) {
  if (admission.type !== 'wait') throw new Error(`was not parked: ${admission.type}`);
  return admission;
}

describe('a parking lot', () => {
  it('lets everybody go on in the order in which they came', async () => {
    const { lot } = lotWith();
    const order: string[] = [];
    const first = waiting(lot.admit(caller())).until.then(() => order.push('first'));
    const second = waiting(lot.admit(caller())).until.then(() => order.push('second'));
    expect(lot.release()).toBe(2);
    await Promise.all([first, second]);
    expect([order, lot.parked]).toEqual([['first', 'second'], 2]);
  });

  it('gives the place of a client that left to the next one', async () => {
    const { lot, calls } = lotWith({}, 1);
    const gone = waiting(lot.admit(caller()));
    gone.leave(new Error('the client left'));
    await expect(gone.until).rejects.toThrow('the client left');
    waiting(lot.admit(caller()));
    expect([lot.release(), calls.full]).toEqual([1, 0]);
  });

  it('gives the hand-over up when it is full, and sends the one too many into the old generation', () => {
    const { lot, calls } = lotWith({}, 1);
    waiting(lot.admit(caller()));
    expect(lot.admit(caller())).toEqual({ type: 'enter', generation: last });
    expect(calls.full).toBe(1);
  });

  it('lets nobody into a generation that has let go: past its places it refuses', () => {
    const { lot } = lotWith({ a: ['b'] }, 1);
    lot.vacate();
    waiting(lot.admit(caller({ plugin: 'b', number: 1 })));
    expect(lot.admit(caller())).toMatchObject({ type: 'refuse', error: { code: 'PARKING_FULL' } });
  });

  it('tells everybody who waits when nobody will take them', async () => {
    const { lot } = lotWith();
    const { until } = waiting(lot.admit(caller()));
    lot.refuse(new Error('nobody is left'));
    await expect(until).rejects.toThrow('nobody is left');
  });
});

describe('whoever the old generation waits for never waits for it', () => {
  it('a plugin that calls itself goes on where it is', () => {
    expect(lotWith().lot.admit(caller(last))).toEqual({ type: 'enter', generation: last });
  });

  it('a plugin that was called by it, directly or through others, goes in', () => {
    const { lot } = lotWith({ a: ['b'], b: ['c'], c: ['a'] });
    expect(lot.admit(caller({ plugin: 'b', number: 4 })).type).toBe('enter');
    expect(lot.admit(caller({ plugin: 'c', number: 2 })).type).toBe('enter');
  });

  it('everybody else waits, whatever they hold', () => {
    const { lot } = lotWith({ a: ['b'], d: ['a'] });
    waiting(lot.admit(caller({ plugin: 'd', number: 1 })));
    waiting(lot.admit(caller()));
  });
});
