import { describe, expect, it } from 'vitest';
import { nextStep, type Place, type SocketStanding } from './next-step.ts';

const resting: SocketStanding = { stage: 'here', place: 'here', isQueued: false, isEnding: false, isHomeAlive: true };
const after = (standing: Partial<SocketStanding>) => nextStep({ ...resting, ...standing });

describe('what a connection does next', () => {
  it('is nothing while nothing has come', () => {
    expect(after({})).toBeUndefined();
    expect(after({ stage: 'over', isQueued: true, isEnding: true, place: 'next' })).toBeUndefined();
  });

  it('is to hand over messages, and to close after the last of them', () => {
    expect(after({ isQueued: true })).toBe('message');
    expect(after({ isQueued: true, isEnding: true })).toBe('message');
    expect(after({ isEnding: true })).toBe('close');
  });

  it('is to tell the next generation of it before it gets a message', () => {
    expect(after({ place: 'next', isQueued: true })).toBe('go-on');
    expect(after({ place: 'next', isHomeAlive: false })).toBe('go-on');
    expect(after({ stage: 'coming', place: 'next', isQueued: true, isHomeAlive: false })).toBe('go-on');
  });

  it('is not to bother the next generation with one that only closes', () => {
    expect(after({ place: 'next', isEnding: true })).toBe('close');
    expect(after({ place: 'next', isEnding: true, isQueued: true })).toBe('go-on');
    expect(after({ place: 'next', isEnding: true, isHomeAlive: false })).toBe('go-on');
  });

  it('is to wait while the plugin changes hands', () => {
    expect(after({ place: 'held', isQueued: true })).toBeUndefined();
    expect(after({ stage: 'coming', place: 'held', isHomeAlive: false })).toBeUndefined();
  });

  it('is to handle what came, and then to close, when nobody takes it over', () => {
    expect(after({ place: 'nowhere', isQueued: true })).toBe('message');
    expect(after({ place: 'nowhere' })).toBe('close');
  });

  it('is to end without a word when nobody is left who could be told', () => {
    expect(after({ place: 'nowhere', isQueued: true, isHomeAlive: false })).toBe('drop');
    expect(after({ stage: 'coming', place: 'nowhere', isHomeAlive: false })).toBe('drop');
    expect(after({ stage: 'coming', place: 'held', isEnding: true, isHomeAlive: false })).toBe('drop');
  });

  it('never calls a generation that is gone', () => {
    const places: readonly Place[] = ['here', 'next', 'held', 'nowhere'];
    const flags = [true, false];
    for (const place of places) {
      for (const isQueued of flags) {
        for (const isEnding of flags) {
          expect(['message', 'close']).not.toContain(after({ place, isQueued, isEnding, isHomeAlive: false }));
        }
      }
    }
  });
});
