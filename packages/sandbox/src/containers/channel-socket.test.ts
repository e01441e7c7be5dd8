import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openChannelSocket } from './channel-socket.ts';

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'channel-'))));
afterAll(() => rm(folder, { recursive: true }));

const uid = process.getuid?.() ?? 0;

it('gives the guest that knows the secret, with what it said after it', async () => {
  const channel = await openChannelSocket(folder, uid);
  const guest = connect(channel.path);
  guest.write(channel.secret.slice(0, 10));
  guest.write(`${channel.secret.slice(10)}\nfirst words`);
  const socket = await channel.connected;
  const [said] = (await once(socket, 'data')) as [Buffer];
  expect(said.toString()).toBe('first words');
  socket.write('an answer');
  expect(String((await once(guest, 'data'))[0])).toBe('an answer');
  await channel.close();
  expect(await readdir(folder)).toEqual([]);
  guest.destroy();
  socket.destroy();
});

it('cuts off whoever does not know it, and waits on for the guest', async () => {
  const channel = await openChannelSocket(folder, uid);
  const stranger = connect(channel.path);
  stranger.on('error', () => {});
  stranger.write(`${'0'.repeat(48)}\n`);
  await once(stranger, 'close');
  const guest = connect(channel.path);
  guest.write(`${channel.secret}\n`);
  (await channel.connected).destroy();
  guest.destroy();
  await channel.close();
});

it('lets nobody else use the file', async () => {
  const channel = await openChannelSocket(folder, uid);
  const { mode } = await stat(channel.path);
  // Where the file cannot be given away, the folder alone closes it.
  if (uid === 0) expect(mode & 0o777).toBe(0o600);
  expect((await stat(folder)).mode & 0o077).toBe(0);
  await channel.close();
  await expect(channel.connected).rejects.toThrow('never connected');
});
