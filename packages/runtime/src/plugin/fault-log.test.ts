import { expect, test } from 'vitest';
import { FaultLog } from './fault-log.ts';
import { silentLog } from '../host-services/logging/silent-log.ts';

test('errors are one line a second, the rest counted; the end of an isolate is told in any case', () => {
  const lines: unknown[] = [];
  const log = { ...silentLog, error: (fields: unknown, text?: unknown) => void lines.push([text, fields]) };
  const faults = new FaultLog(log, { type: 'definition', definition: { start() {} } });
  for (let index = 0; index < 3; index++) faults.write('plugin failed while it answered', new Error(`number ${index}`));
  faults.writeInAnyCase('the isolate of the plugin ended', new Error('it stood still'));
  expect(lines).toEqual([
    ['plugin failed while it answered', expect.objectContaining({ error: 'number 0', suppressed: 0 })],
    ['the isolate of the plugin ended', expect.objectContaining({ error: 'it stood still', suppressed: 2 })],
  ]);
});
