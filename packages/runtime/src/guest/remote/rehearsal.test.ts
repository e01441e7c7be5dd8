import { expect, test } from 'vitest';
import { rehearse } from './rehearsal.ts';
import { connectedTransports } from '../../channel/port-transport.ts';

test('a rehearsal comes to its end, and leaves nothing open behind', async () => {
  const open = (): readonly string[] => process.getActiveResourcesInfo().filter((kind) => kind === 'MessagePort');
  const before = open().length;
  await rehearse(connectedTransports);
  await expect.poll(() => open().length).toBe(before);
});
