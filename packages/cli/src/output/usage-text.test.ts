import { expect, test } from 'vitest';
import type { UsageAnswer } from '../client/management-answers.ts';
import { formatBytes, formatNetwork, formatViolations, usageFacts } from './usage-text.ts';

const usage: UsageAnswer = {
  at: 1,
  memory_bytes: 125_829_120,
  cpu_percent: 3.24,
  threads: 11,
  open_files: null,
  disk_bytes: 4_096,
  network_sent_bytes: 900,
  network_received_bytes: 3_565_158,
  limits: { memory_mb: 256, cpu_percent: 50, threads: null, files: 64, disk_mb: 64 },
  unenforced: ['cpu', 'threads'],
  violations: { memory: 2, cpu: 0 },
};

test('sizes are told in the largest fitting unit', () => {
  expect([0, 1_023, 12_288, 3_565_158, 268_435_456, 1_288_490_189].map(formatBytes)).toEqual([
    '0 B',
    '1023 B',
    '12 KB',
    '3.4 MB',
    '256 MB',
    '1.2 GB',
  ]);
});

test('what a plugin uses is told beside what it may use, and what nothing holds it to', () => {
  expect(Object.fromEntries(usageFacts(usage).filter(([, value]) => value !== undefined))).toEqual({
    memory: '120 MB of 256 MB',
    cpu: '3.2 % of 50 % of a core',
    threads: '11',
    disk: '4 KB of 64 MB',
    network: '900 B out, 3.4 MB in',
    violations: 'memory 2',
    'not held to': 'cpu, threads',
  });
});

test('what cannot be told is left out', () => {
  expect(formatNetwork({ ...usage, network_sent_bytes: null, network_received_bytes: null })).toBeUndefined();
  expect(formatViolations({ ...usage, violations: {} })).toBeUndefined();
  const unknown = { ...usage, memory_bytes: null, cpu_percent: null, unenforced: [] };
  expect(Object.keys(Object.fromEntries(usageFacts(unknown).filter(([, value]) => value !== undefined)))).toEqual([
    'threads',
    'disk',
    'network',
    'violations',
  ]);
});
