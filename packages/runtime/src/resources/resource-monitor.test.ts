import { type ResourceUsage, unknownUsage } from '@hotswap/sandbox';
import { createFakeClock } from '@hotswap/test-kit';
import { describe, expect, it } from 'vitest';
import { ResourceMonitor, type Violation, type Watched } from './resource-monitor.ts';

const megabyte = 1_048_576;
const limits = { memoryMB: 100, cpuPercent: 50, threads: 10, files: 100, diskMB: 64 };

function monitorOf(
  usages: Partial<ResourceUsage>[],
  { plugin = 'a', level = 'strict' }: { plugin?: string; level?: 'strict' | 'basic' } = {},
) {
  const clock = createFakeClock();
  const lines: string[] = [];
  const violations: Violation[] = [];
  const write = (level: string) => (_: unknown, text?: string) => void lines.push(`${level}: ${text}`);
  const isolate: Watched['isolate'] = {
    level,
    ...(level === 'strict' && { usage: async () => ({ ...unknownUsage, ...usages.shift() }) }),
  };
  const watched: Watched = { plugin, generation: 1, isolate, limits, timeouts: 0, callTimeoutMs: 1_000 };
  const monitor = new ResourceMonitor({
    clock,
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    watched: () => [watched],
    thresholds: { warnAt: 0.8, actAt: 1 },
    intervalMs: 1_000,
    violated: (violation) => violations.push(violation),
  });
  monitor.start();
  return { monitor, clock, lines, violations, watched };
}

describe('the resource monitor', () => {
  it('warns near a limit, counts and tells a violation once, and tells relief', async () => {
    const sizes = [50, 85, 120, 130, 40].map((size) => ({ memoryBytes: size * megabyte }));
    const { monitor, clock, lines, violations } = monitorOf(sizes);
    await clock.advance(5_000);
    expect(lines).toEqual([
      'warn: plugin is near its limit: 85 MB of memory, of the 100 MB it may use',
      'error: plugin is over its limit: 120 MB of memory, of the 100 MB it may use',
      'info: plugin is well within its limit again: 40 MB of memory, of the 100 MB it may use',
    ]);
    expect(violations).toEqual([expect.objectContaining({ plugin: 'a', resource: 'memory', used: 120, limit: 100 })]);
    expect(monitor.violationsOf('a')).toEqual({ memory: 1 });
  });

  it('tells what was found elsewhere, and what was only counted, once a look', async () => {
    const { monitor, clock, lines, violations, watched } = monitorOf([], { level: 'basic' });
    Object.assign(watched, { timeouts: 3 });
    Object.assign(watched.isolate, { refusedConnections: () => 7 });
    await clock.advance(3_000);
    monitor.found({ plugin: 'a', generation: 1, resource: 'memory', used: 1, limit: 1, detail: 'it was killed' });
    expect(lines).toEqual([
      'error: plugin went over a limit: 3 calls took longer than the 1000 ms that they may',
      'error: plugin went over a limit: 7 connections were refused beside those that it had open',
      'error: plugin went over a limit: it was killed',
    ]);
    expect(violations.map(({ resource, isHeld }) => [resource, isHeld])).toEqual([
      ['time', true],
      ['connections', true],
      ['memory', true],
    ]);
    expect(monitor.violationsOf('a')).toEqual({ time: 3, connections: 7, memory: 1 });
  });

  it('makes a share of a core of what was worked between two looks', async () => {
    const { monitor, clock, watched } = monitorOf([{ cpuMs: 100 }, { cpuMs: 350 }]);
    await clock.advance(2_000);
    expect(monitor.statusOf(watched)?.cpuPercent).toBe(25);
  });

  it('says what the level leaves unenforced, and nothing where nothing can be seen', async () => {
    const seen = monitorOf([{ memoryBytes: 1 }]);
    await seen.clock.advance(1_000);
    expect(seen.monitor.statusOf(seen.watched)).toMatchObject({
      memoryBytes: 1,
      unenforced: expect.arrayContaining(['cpu']),
    });
    const unseen = monitorOf([], { level: 'basic' });
    await unseen.clock.advance(1_000);
    expect(unseen.monitor.statusOf(unseen.watched)).toBeUndefined();
  });

  it('forgets a plugin that is gone, and looks no more when it is closed', async () => {
    const { monitor, clock, watched } = monitorOf([{ memoryBytes: 200 * megabyte }]);
    await clock.advance(1_000);
    monitor.forget('a');
    expect([monitor.statusOf(watched), monitor.violationsOf('a')]).toEqual([undefined, {}]);
    monitor.close();
    expect(clock.pending).toBe(0);
  });

  it('goes on when one plugin cannot be read', async () => {
    const { monitor, clock, watched, lines } = monitorOf([]);
    Object.assign(watched.isolate, { usage: () => Promise.reject(new Error('gone')) });
    await clock.advance(1_000);
    expect(lines).toEqual(['debug: usage could not be read']);
    expect(monitor.statusOf(watched)).toBeUndefined();
  });
});
