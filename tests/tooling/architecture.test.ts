import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { architecturePage, packageDiagram, stateTable, withRegion } from '../../scripts/write-architecture.ts';
import { cliReference } from '../../scripts/write-cli-reference.ts';

const root = resolve(import.meta.dirname, '../..');

test('the drawings in ARCHITECTURE.md are those of the code; else run npm run reference', async () => {
  expect(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')).toBe(await architecturePage(root));
});

test('the page about the command line is what the commands say; else run npm run reference', () => {
  expect(readFileSync(join(root, 'docs/reference/cli.md'), 'utf8')).toBe(cliReference());
});

test('a move that is taken out of a table is gone from its drawing', () => {
  const before = stateTable({ on: ['off'], off: ['on', 'broken'], broken: [] });
  expect(before).toContain('  off --> broken\n');
  expect(before).toContain('| `broken` | nowhere |');
  expect(stateTable({ on: ['off'], off: ['on'] })).not.toContain('broken');
});

test('an arrow that a longer way tells is not drawn', () => {
  const diagram = packageDiagram({ server: ['runtime', 'sdk'], runtime: ['sdk'], sdk: [] });
  expect(diagram).toContain('server --> runtime');
  expect(diagram).not.toContain('server --> sdk');
});

test('a page without the marks of a region is refused', () => {
  expect(() => withRegion('# Page', 'packages', 'drawing')).toThrow('packages');
});
