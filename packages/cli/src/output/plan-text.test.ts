import { expect, test } from 'vitest';
import { formatPlan } from './plan-text.ts';
import { plainStyle } from './style.ts';

test('numbers the plugins in the order in which they would change', () => {
  const steps = [
    { plugin: 'maps', action: 'unload', reason: 'it needs geo' },
    { plugin: 'geo', action: 'unload', reason: 'it was named' },
  ];
  expect(formatPlan({ operation: 'unload', plugin: 'geo', steps, problems: [] }, plainStyle)).toBe(
    [
      'unload geo would:',
      'STEP  ACTION  PLUGIN  BECAUSE',
      '   1  unload  maps    it needs geo',
      '   2  unload  geo     it was named',
    ].join('\n'),
  );
});

test('says what would refuse it', () => {
  const problems = [{ code: 'PLUGIN_UNKNOWN', message: 'there is no plugin geo' }];
  expect(formatPlan({ operation: 'unload', plugin: 'geo', steps: [], problems }, plainStyle)).toBe(
    ['unload geo would:', '  change nothing', 'refused: there is no plugin geo (PLUGIN_UNKNOWN)'].join('\n'),
  );
});
