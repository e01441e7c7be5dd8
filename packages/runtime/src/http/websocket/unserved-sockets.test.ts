import type { Registration } from '@hotswap/protocol';
import { createFakeClock } from '@hotswap/test-kit';
import { beforeEach, describe, expect, it } from 'vitest';
import { UnservedSockets } from './unserved-sockets.ts';
import { silentLog } from '../../host-services/logging/silent-log.ts';

const socket: Registration = { type: 'websocket', id: 1, path: '/chat', handsOver: false, protocols: [] };
const chat = { name: 'chat', current: { registrations: [socket] } };
const plain = { name: 'plain', current: { registrations: [] } };

let hub: { isAvailable: boolean };
let warnings: unknown[];
let clock: ReturnType<typeof createFakeClock>;
let unserved: UnservedSockets;

beforeEach(() => {
  [hub, warnings, clock] = [{ isAvailable: false }, [], createFakeClock()];
  const log = { ...silentLog, warn: (fields: unknown) => void warnings.push(fields) };
  unserved = new UnservedSockets({ hub, clock, log });
});

describe('WebSocket routes that no server serves', () => {
  it('are logged once, some seconds after their plugin became active', async () => {
    unserved.watch(chat);
    unserved.watch(chat);
    unserved.watch(plain);
    expect(warnings).toEqual([]);
    await clock.advance(60_000);
    expect(warnings).toEqual([{ plugin_name: 'chat', websocket: 'unavailable' }]);
  });

  it('are not logged when a server was there in time', async () => {
    unserved.watch(chat);
    hub.isAvailable = true;
    await clock.advance(60_000);
    expect(warnings).toEqual([]);
  });

  it('are a notice while that lasts', () => {
    expect(unserved.notices([plain, chat])).toEqual([expect.stringContaining('websocket: unavailable for chat:')]);
    expect(unserved.notices([plain])).toEqual([]);
    hub.isAvailable = true;
    expect(unserved.notices([chat])).toEqual([]);
  });
});
