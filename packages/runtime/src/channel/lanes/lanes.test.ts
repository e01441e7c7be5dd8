import { beforeEach, expect, it } from 'vitest';
import { firstLane, Lanes } from './lanes.ts';
import type { Transport } from '../transport.ts';

class Wire implements Transport {
  onMessage: Transport['onMessage'];
  onClose: Transport['onClose'];
  other: Wire | undefined;
  readonly sent: unknown[] = [];

  send(message: unknown): void {
    this.sent.push(message);
    this.other?.onMessage?.(message);
  }

  close(): void {
    this.other?.onClose?.();
  }
}

let wire: Wire;
let host: Lanes;
let guest: Lanes;

beforeEach(() => {
  wire = new Wire();
  const other = new Wire();
  [wire.other, other.other] = [other, wire];
  host = new Lanes(wire);
  guest = new Lanes(other);
});

function heardOn(lane: Transport): unknown[] {
  const heard: unknown[] = [];
  lane.onMessage = (message) => void heard.push(message);
  return heard;
}

it('what is sent on a lane comes out of that lane alone', () => {
  const [one, two] = [host.open(firstLane), host.open(2)];
  const [heardOne, heardTwo] = [heardOn(guest.open(firstLane)), heardOn(guest.open(2))];
  one.send(['load', 1]);
  two.send(['load', 2]);
  expect([heardOne, heardTwo]).toEqual([[['load', 1]], [['load', 2]]]);
});

it('the first lane puts nothing around its messages', () => {
  host.open(firstLane).send(['method', 7]);
  expect(wire.sent).toEqual([['method', 7]]);
});

it('a lane that is not open is asked for, and gets the message that came for it', () => {
  const heard: unknown[] = [];
  guest.onUnknown = (number) => (guest.open(number).onMessage = (message) => void heard.push([number, message]));
  host.open(3).send(['load', 1]);
  expect(heard).toEqual([[3, ['load', 1]]]);
});

it('both sides have a lane of their own, which no guest hears', () => {
  const heard = heardOn(guest.open(firstLane));
  const told: unknown[] = [];
  guest.onControl = (message) => void told.push(message);
  host.tell(['beat', 4]);
  expect([heard, told]).toEqual([[], [['beat', 4]]]);
});

it('a closed lane sends and hears nothing, while the others go on', () => {
  const [one, two] = [host.open(firstLane), host.open(2)];
  const strayed: number[] = [];
  host.onUnknown = (number) => void strayed.push(number);
  const [first, second] = [guest.open(firstLane), guest.open(2)];
  const heard = heardOn(second);
  const answers = heardOn(one);
  one.close();
  one.send(['method', 1]);
  two.send(['method', 2]);
  first.send(['answer', 1]);
  expect([heard, answers, strayed]).toEqual([[['method', 2]], [], [firstLane]]);
});

it('the first message after a quiet time is told, in either direction', () => {
  let woken = 0;
  host.onTraffic = () => woken++;
  const lane = host.open(firstLane);
  lane.send(['method', 1]);
  expect(woken).toBe(0);
  host.isQuiet = true;
  lane.send(['method', 1]);
  lane.send(['method', 2]);
  expect(woken).toBe(1);
  host.isQuiet = true;
  guest.tell(['ready']);
  expect([woken, host.sent, host.received]).toEqual([2, 3, 1]);
});

it('the end of the transport is told once', () => {
  let ends = 0;
  guest.onClose = () => ends++;
  host.close();
  expect(ends).toBe(1);
});
