import { expect, test } from 'vitest';
import { rehearse } from './rehearsal.ts';

test('a rehearsal comes to its end, and leaves nothing open behind', async () => {
  const open = (): readonly string[] => process.getActiveResourcesInfo().filter((kind) => kind === 'MessagePort');
  const before = open().length;
  await rehearse();
  await expect.poll(() => open().length).toBe(before);
});
