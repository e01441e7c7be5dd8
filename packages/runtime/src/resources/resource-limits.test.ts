import { describe, expect, it } from 'vitest';
import { resourceLimitsOf, unenforcedAt } from './resource-limits.ts';

const manifest = { name: 'a', version: '1.0.0', description: '', engines: { hotswap: '*' }, main: 'a.js' };
const operator = { maxMemoryMB: 256, maxCPUPercent: 50, maxThreads: 8, maxFileHandles: undefined };

describe('the limits of a plugin', () => {
  it("are the smaller ones of its own and the operator's", () => {
    expect(resourceLimitsOf({ ...manifest, limits: { maxMemoryMB: 64, maxCPUPercent: 90 } }, operator)).toMatchObject({
      memoryMB: 64,
      cpuPercent: 50,
      threads: 8,
      files: undefined,
    });
    expect(resourceLimitsOf(manifest, operator)).toMatchObject({ memoryMB: 256 });
  });
});

describe('what nothing holds a plugin to', () => {
  const used = (...names: ('cgroup' | 'rlimits' | 'temp-folder' | 'namespaces')[]) =>
    names.map((layer) => ({ layer, status: 'used' as const }));

  it('is everything in the thread of the host, but for the time of calls from basic on', () => {
    expect(unenforcedAt('none', [])).toHaveLength(7);
    expect(unenforcedAt('basic', [])).not.toContain('time');
  });

  it('is all but memory and time in a thread of its own', () => {
    expect(unenforcedAt('strict', [])).toEqual(['cpu', 'threads', 'files', 'disk', 'network']);
  });

  it('is nothing in a sandbox that has every layer, and what a missing layer leaves', () => {
    expect(unenforcedAt('sandbox', used('cgroup', 'rlimits', 'temp-folder', 'namespaces'))).toEqual([]);
    const withoutGroup = [
      ...used('rlimits', 'temp-folder', 'namespaces'),
      { layer: 'cgroup', status: 'missing' },
    ] as const;
    expect(unenforcedAt('sandbox', withoutGroup)).toEqual(['memory', 'cpu', 'threads']);
  });
});
