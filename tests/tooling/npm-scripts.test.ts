import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const workspace = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};

test.each(['start', 'keyserver', 'demo', 'hotswap'] as const)(
  'npm run %s hands its process over, so that a signal to npm reaches the program',
  (name) => {
    expect(workspace.scripts[name]).toMatch(/^exec node /);
  },
);
