import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calm, followPressure, judgeUsage, type Pressure } from './judge-usage.ts';
import type { UsageReading } from '../status.ts';

const nothing: UsageReading = {
  at: 0,
  memoryBytes: undefined,
  cpuPercent: undefined,
  threads: undefined,
  openFiles: undefined,
  diskBytes: undefined,
  networkSentBytes: undefined,
  networkReceivedBytes: undefined,
  diskReadBytes: undefined,
  diskWrittenBytes: undefined,
};
const limits = { memoryMB: 100, cpuPercent: 50, threads: 10, files: 100, diskMB: 64 };
const thresholds = { warnAt: 0.8, actAt: 1 };
const megabyte = 1_048_576;

describe('what a plugin uses', () => {
  it('is near its limit from the one share on, and over it from the other', () => {
    const pressures = (memoryMB: number): Pressure[] =>
      judgeUsage({ ...nothing, memoryBytes: memoryMB * megabyte }, limits, thresholds).map(({ pressure }) => pressure);
    expect([pressures(79), pressures(80), pressures(99), pressures(100)]).toEqual([
      ['none'],
      ['warn'],
      ['warn'],
      ['over'],
    ]);
  });

  it('is told in the words of an operator', () => {
    const [memory] = judgeUsage({ ...nothing, memoryBytes: 251 * megabyte }, { ...limits, memoryMB: 256 }, thresholds);
    expect(memory?.detail).toBe('251 MB of memory, of the 256 MB it may use');
  });

  it('is not judged where it cannot be told, or nobody has set a limit', () => {
    expect(judgeUsage(nothing, limits, thresholds)).toEqual([]);
    const open = { memoryMB: Infinity, cpuPercent: undefined, threads: undefined, files: undefined, diskMB: undefined };
    const full = { ...nothing, memoryBytes: 1e12, cpuPercent: 900, threads: 1_000, openFiles: 1e6, diskBytes: 1e12 };
    expect(judgeUsage(full, open, thresholds)).toEqual([]);
  });
});

describe('what is told of it', () => {
  const follow = (resource: 'memory' | 'cpu', ...pressures: Pressure[]) => {
    let memory = calm;
    return pressures.map((pressure) => {
      const followed = followPressure(memory, { resource, pressure });
      ({ memory } = followed);
      return followed.tell;
    });
  };

  it('is each change, once', () => {
    expect(follow('memory', 'none', 'warn', 'warn', 'over', 'over', 'warn', 'none', 'none')).toEqual([
      undefined,
      'warning',
      undefined,
      'violation',
      undefined,
      undefined,
      'relief',
      undefined,
    ]);
  });

  it('is a violation of the processor only when it lasts', () => {
    expect(follow('cpu', 'over', 'none', 'over', 'over', 'over', 'over')).toEqual([
      'warning',
      'relief',
      'warning',
      undefined,
      'violation',
      undefined,
    ]);
  });

  it('is never two violations without something else between them', () => {
    const pressure = fc.constantFrom<Pressure>('none', 'warn', 'over');
    fc.assert(
      fc.property(fc.array(pressure, { maxLength: 50 }), fc.constantFrom('memory', 'cpu'), (looks, resource) => {
        const told = follow(resource, ...looks);
        const violations = told.flatMap((tell, index) => (tell === 'violation' ? [index] : []));
        return violations.every((index, nth) => {
          const before = violations[nth - 1];
          return before === undefined || looks.slice(before, index).some((look) => look !== 'over');
        });
      }),
    );
  });
});
