import { duplexPair, PassThrough } from 'node:stream';
import { type ConfinedExit, type ConfinedProcess, unknownUsage } from '@hotswap/sandbox';
import { createFakeClock } from '@hotswap/test-kit';
import { expect, it } from 'vitest';
import { GuestProcess } from './guest-process.ts';
import { ProcessWatch } from './process-watch.ts';
import { RefusalLog } from './refusal-log.ts';
import type { PlaceExit } from '../places/place.ts';
import { StuckCensus } from '../places/stuck-census.ts';
import { Lanes } from '../../channel/lanes/lanes.ts';
import { SocketTransport } from '../../channel/socket-transport.ts';

const owner = { plugin: 'shop', generation: 3 };
const killed: ConfinedExit = { code: null, signal: 'SIGKILL', cause: 'killed', detail: 'it was killed' };
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise((go) => setImmediate(go));
};

/** A process whose other end is the test, and which the system lets go of, or does not. */
function start({ isStuck = false } = {}) {
  const [channel, other] = duplexPair();
  const guest = new Lanes(new SocketTransport({ channel: other, onBroken: () => {} }));
  const exited = Promise.withResolvers<ConfinedExit>();
  const clock = createFakeClock();
  const census = new StuckCensus(() => {});
  const gone: GuestProcess[] = [];
  const confined: ConfinedProcess = {
    pid: 0,
    layers: [],
    channel,
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    exited: exited.promise,
    limit: async () => {},
    allowNetwork: () => {},
    usage: async () => unknownUsage,
    signal: () => {},
    kill: () => {
      if (!isStuck) exited.resolve(killed);
      return exited.promise;
    },
    ref: () => {},
    unref: () => {},
  };
  const process = new GuestProcess({
    confined,
    refusals: new RefusalLog(),
    census,
    watch: new ProcessWatch(),
    clock,
    killMs: 2_000,
    onGone: (each) => gone.push(each),
  });
  const ends: PlaceExit[] = [];
  const open = () => {
    const place = process.open(owner);
    place.onExit = (exit) => void ends.push(exit);
    return place;
  };
  return { process, confined, guest, clock, census, gone, ends, open, exit: exited.resolve };
}

it('ends with the last of its places, and tells nobody', async () => {
  const { process, gone, ends, open } = start();
  const [one, other] = [open(), open()];
  expect(await one.terminate()).toBe('ended');
  expect(process.isEnding).toBe(false);
  expect(await other.terminate()).toBe('ended');
  await turns();
  expect([gone, ends, process.isEnding]).toEqual([[process], [], true]);
});

it('that the system does not let go of is abandoned, named, and forgotten when it ends after all', async () => {
  const { clock, census, gone, open, exit } = start({ isStuck: true });
  const ending = open().terminate();
  await clock.advance(2_000);
  expect(await ending).toBe('stuck');
  expect(census.stuck).toMatchObject([{ plugin: 'shop', generation: 3 }]);
  expect(gone).toHaveLength(1);
  exit(killed);
  await turns();
  expect(census.stuck).toEqual([]);
});

it('that speaks for a plugin that it does not run is ended, and every place is told why', async () => {
  const { guest, ends, open } = start();
  open();
  open();
  guest.open(7).send(['answer', 1]);
  await turns();
  expect(ends).toMatchObject([{ reason: 'broken' }, { reason: 'broken' }]);
});

it('what was under way on a lane that is closed is for nobody, and no fault', async () => {
  const { guest, ends, open } = start();
  const [, two] = [open(), open()];
  const late = guest.open(2);
  await two.terminate();
  late.send(['answer', 1]);
  await turns();
  expect(ends).toEqual([]);
});

it('is ready when it says so, and may say nothing else of itself', async () => {
  const { process, guest, ends, open } = start();
  open();
  guest.tell(['ready']);
  await process.whenReady;
  guest.tell(['take this']);
  await turns();
  expect(ends).toMatchObject([{ reason: 'broken', detail: 'it said what no process may say' }]);
});

it('that closes its channel and does not end is ended', async () => {
  const { guest, clock, ends, open } = start();
  open();
  guest.close();
  await turns();
  expect(ends).toEqual([]);
  await clock.advance(1_000);
  await turns();
  expect(ends).toMatchObject([{ reason: 'broken', detail: 'it closed its channel' }]);
});

it('what it wrote before its end is told with it', async () => {
  const { confined, clock, ends, open, exit } = start();
  open();
  (confined.stderr as PassThrough).end('no more\n');
  (confined.stdout as PassThrough).end();
  exit({ code: 3, signal: null, cause: 'exit', detail: 'it exited with code 3' });
  await turns();
  await clock.advance(250);
  await turns();
  expect(ends).toMatchObject([{ reason: 'exit', lastLines: ['no more'] }]);
});
