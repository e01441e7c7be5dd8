import type { LogFields } from '@hotswap/sdk';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { NoteReader } from './notes.ts';
import { PluginMetrics } from '../../host-services/metrics/plugin-metrics.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

function reader() {
  const lines: string[] = [];
  const write = (first: LogFields | string, text?: string) =>
    void lines.push(typeof first === 'string' ? first : `${text}`);
  const log = { debug: write, info: write, warn: write, error: write };
  const metrics = new PluginMetrics({ reservedNames: new Set() }).of('a');
  vi.advanceTimersByTime(1_000);
  return { lines, notes: new NoteReader(log, metrics, () => {}) };
}

const told = 'the plugin logs more than it may in a second: the rest is left out';

it('of a flood of lines the first of a second are written, which is told once, and how many were left out', () => {
  const { lines, notes } = reader();
  for (let batch = 0; batch < 10; batch++) notes.read(Array(1_000).fill(['log', 'info', 'noise']));
  expect(lines).toHaveLength(5_001);
  expect(lines.at(-1)).toBe(told);
  vi.advanceTimersByTime(1_000);
  notes.read([['log', 'info', 'calm']]);
  expect(lines.slice(-2)).toEqual(['5000 lines of the plugin were left out of the log', 'calm']);
});

it('a large line counts as many', () => {
  const { lines, notes } = reader();
  notes.read(Array(100).fill(['log', 'info', 'x'.repeat(60_000)]));
  expect(lines).toHaveLength(51);
  expect(lines.at(-1)).toBe(told);
});
