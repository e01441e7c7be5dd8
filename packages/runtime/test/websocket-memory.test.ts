import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { composeRuntime } from '../src/compose-runtime.ts';
import { createHttpFace } from '../src/http/http-face.ts';
import { resolveSettings } from '../src/runtime-options.ts';
import { createRecordingLog, pluginFiles, temporaryFolder, write } from './running-runtime.ts';

const reloads = 60;
/** Generations that may still be reachable: the one that serves, those a snapshot or a turn of the loop still holds. */
const stillHeld = 12;
const start = `
  const peers = new Set();
  const bulk = 'x'.repeat(100_000);
  const join = (peer) => { peers.add(peer); peer.attachment = { joined: ctx.generation }; };
  ctx.http.websocket('/chat', { open: join, resume: join, message: (peer, data) => peer.send(data + bulk.length) }, { handOver: true });`;

// Counting coverage keeps every function that ever ran.
const isCounted = process.env['NODE_V8_COVERAGE'] !== undefined;

it.skipIf(isCounted)('an open connection keeps none of the generations it has left', async () => {
  setFlagsFromString('--no-compilation-cache');
  await using folder = await temporaryFolder();
  await write(folder.path, pluginFiles('chat', start));
  const options = { log: createRecordingLog(), environment: {}, limits: { probationMs: 0, maxSnapshots: 3 } };
  const core = composeRuntime(resolveSettings(options), options);
  const face = createHttpFace({ ...core, hub: core.sockets, announceDrain: () => {} });
  const server = createServer(face.listener()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets = face.websockets(server);
  await core.verbs.load(join(folder.path, 'chat'));
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/chat`);
  await once(socket, 'open');

  for (let time = 0; time < reloads; time++) {
    expect(await core.verbs.reload('chat')).toMatchObject({ outcome: 'swapped' });
    const answer = once(socket, 'message');
    socket.send(String(time));
    expect(String((await answer)[0])).toBe(`${time}100000`);
  }
  const held = (): number => core.census.made - core.census.finalised;
  for (let turn = 0; turn < 60 && held() > stillHeld; turn++) {
    globalThis.gc?.();
    await nextTurn();
  }
  expect(core.census.made).toBe(reloads + 1);
  expect(held()).toBeLessThanOrEqual(stillHeld);

  server.close();
  await sockets.close();
  await core.verbs.remove('chat');
  await core.loader.close();
});
