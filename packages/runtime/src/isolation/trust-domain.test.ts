import { describe, expect, it } from 'vitest';
import { trustOf } from './trust-domain.ts';

describe('a trust domain', () => {
  it('is the same for the same capabilities, in whatever order and however often they are named', () => {
    expect(trustOf({ secrets: ['a', 'b'] }, 'key')).toBe(trustOf({ secrets: ['b', 'a', 'b'], network: [] }, 'key'));
  });

  it('is another one for every capability more, and for another signer or none', () => {
    const domains = [
      trustOf({}, undefined),
      trustOf({}, 'key'),
      trustOf({}, 'other key'),
      trustOf({ network: ['a:1'] }, 'key'),
      trustOf({ secrets: ['a:1'] }, 'key'),
      trustOf({ files: ['a:1'] }, 'key'),
      trustOf({ services: ['a:1'] }, 'key'),
      trustOf({ native: true }, 'key'),
    ];
    expect(new Set(domains).size).toBe(domains.length);
  });
});
