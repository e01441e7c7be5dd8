import { isCodedError } from '@hotswap/protocol';
import type { Violation } from './resource-monitor.ts';
import type { ResourceLimits } from '../status.ts';

/** What a plugin went over when its isolate ended with `error`; undefined: nothing that it is limited in. Pure. */
export function violationOfExit(
  error: unknown,
  limits: ResourceLimits,
  callTimeoutMs: number,
): Pick<Violation, 'resource' | 'used' | 'limit' | 'detail'> | undefined {
  if (!isCodedError(error) || error.code !== 'ISOLATE_EXITED') return undefined;
  const detail = String(error.details['reason']);
  const over = (resource: Violation['resource'], limit = 0) => ({ resource, used: limit, limit, detail });
  switch (error.details['cause']) {
    case 'memory':
      return over('memory', limits.memoryMB);
    case 'unresponsive':
      return over('time', callTimeoutMs);
    case 'limit':
      return /file|disk/.test(detail) ? over('disk', limits.diskMB) : over('cpu', limits.cpuPercent);
    default:
      return undefined;
  }
}
