import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GuestCode } from './guest-code.ts';
import { WorkerPool } from './thread-pool.ts';
import type { Place } from '../places/place.ts';
import { silentLog } from '../../host-services/logging/silent-log.ts';
import { createFakeClock } from '@hotswap/test-kit';

/** Says what it finds around it, and what it is asked for by `parentPort`. */
const entry = `
const { parentPort, workerData } = require('node:worker_threads');
const { port, rehearses } = workerData;
port.on('message', (said) => {
  if (said.deed === 'forge') parentPort.postMessage(new Uint8Array(8));
  const code = Object.keys(workerData);
  port.postMessage({ rehearses, data: code, file: __filename, stack: new Error('here').stack });
});
exports.rehearsed = rehearses ? Promise.resolve() : undefined;
`;

let folder: string;
let code: GuestCode;
const pools: WorkerPool[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hotswap-guest-code-'));
  await writeFile(join(folder, 'entry.cjs'), entry);
  code = await GuestCode.read(join(folder, 'entry.cjs'));
});

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
  await rm(folder, { recursive: true });
});

function makePool(spares: number) {
  const clock = createFakeClock();
  const pool = new WorkerPool({ entry: async () => code, spares, clock, log: silentLog });
  pools.push(pool);
  return { pool, clock };
}

async function asked(thread: Place, deed = 'say'): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  thread.transport.onMessage = resolve;
  thread.transport.send({ deed });
  return promise;
}

const owner = { plugin: 'guest', generation: 1 };

test('a thread runs the code under the name of its file, and the code is out of its reach', async () => {
  const { pool } = makePool(0);
  const file = join(folder, 'entry.cjs');
  const said = await asked(await pool.take(owner));
  expect(said).toEqual({
    rehearses: false,
    data: ['port', 'memory', 'rehearses'],
    file,
    stack: expect.stringContaining(file),
  });
});

test('a spare rehearses, and what its V8 has compiled is kept for the threads after it', async () => {
  const { pool, clock } = makePool(1);
  await pool.take(owner);
  expect(code.isCompiled).toBe(false);
  await clock.advance(250);
  await expect.poll(() => code.isCompiled).toBe(true);
  expect(pool.status()).toMatchObject({ alive: 1, spares: 1 });
  expect(await asked(await pool.take(owner))).toMatchObject({ rehearses: true });
  await clock.advance(250);
  expect(await asked(await pool.take(owner))).toMatchObject({ rehearses: true });
});

test('a pool without spares has one thread rehearse all the same, once, and keeps none', async () => {
  const { pool, clock } = makePool(0);
  await pool.take(owner);
  await clock.advance(250);
  await expect.poll(() => code.isCompiled).toBe(true);
  expect(pool.status()).toMatchObject({ alive: 1, spares: 0 });
  await pool.take(owner);
  expect(clock.pending).toBe(0);
});

test('what a thread says that belongs to a plugin is never taken for compiled code', async () => {
  const { pool } = makePool(0);
  const thread = await pool.take(owner);
  await asked(thread, 'forge');
  await asked(thread);
  expect(code.isCompiled).toBe(false);
});

test('nonsense in the place of compiled code is compiled anew', async () => {
  for (const nonsense of [undefined, 'text', new Uint8Array(20_000_000)]) code.keep(nonsense);
  expect(code.isCompiled).toBe(false);
  code.keep(new Uint8Array(1_000));
  const { pool } = makePool(0);
  expect(await asked(await pool.take(owner))).toMatchObject({ rehearses: false });
});
