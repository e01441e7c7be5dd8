import { expect, test } from 'vitest';
import workspace from '../../package.json' with { type: 'json' };

test.each(['start', 'keyserver', 'demo', 'hotswap'] as const)(
  'npm run %s hands its process over, so that a signal to npm reaches the program',
  (name) => {
    expect(workspace.scripts[name]).toMatch(/^exec node /);
  },
);
