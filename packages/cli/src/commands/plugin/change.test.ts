import { expect, test } from 'vitest';
import type { PluginDetails } from '../../client/management-answers.ts';
import { probationOf } from './change.ts';

const details: PluginDetails = { name: 'greeter', state: 'active', generation: 7 };
const old = { number: 6, version: '1.0.0', state: 'standby' };
const current = { number: 7, version: '2.0.0', state: 'active' };

test('a generation is on probation while the one before it stands by', () => {
  expect(probationOf({ ...details, generations: [old, current] }, 7)).toBe('open');
});

test('a generation has kept its place when it is alone', () => {
  expect(probationOf({ ...details, generations: [current] }, 7)).toBe('kept');
});

test('a generation was rolled back when another one serves', () => {
  expect(probationOf({ ...details, generation: 6, generations: [old] }, 7)).toBe('rolled-back');
});
