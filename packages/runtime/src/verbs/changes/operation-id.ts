import { randomUUID } from 'node:crypto';
import type { Operation } from '../../status.ts';

/** A name for one change, under which log, report and history tell of it. */
export function newOperationId(operation: Operation): string {
  return `${operation}-${randomUUID().slice(0, 8)}`;
}
