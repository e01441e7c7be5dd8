import { ParkingTimeLimit } from './parking-time-limit.ts';
import { type PublishParts, republish } from '../publish.ts';
import { fail } from '../../errors.ts';
import { unlessAborted } from '../../guest/ledger.ts';
import type { Generation } from '../../plugin/generation.ts';
import type { PluginSlot } from '../../plugin/plugin-slot.ts';
import { ParkingLot } from '../../routing/parking-lot.ts';

export interface HoldSettings {
  /** How long arrivals may be held back. */
  readonly parkTimeoutMs: number;
  /** How many of them, for each plugin. */
  readonly maxParked: number;
}

export interface HoldParts extends PublishParts {
  readonly settings: HoldSettings;
  /** The plugins whose answer somebody who holds `plugin` waits for. */
  readonly waitsFor: (plugin: string) => Iterable<string>;
  /** A public state may have changed. */
  readonly noted: (slot: PluginSlot, reason: string) => void;
}

/** A plugin that changes hands, and the generation that lets go. */
export interface Leaving {
  readonly slot: PluginSlot;
  readonly previous: Generation;
}

/** Arrivals of one plugin, held back. */
export interface Holding extends Leaving {
  readonly lot: ParkingLot<Generation>;
  /** One for all that change hands together. */
  readonly limit: ParkingTimeLimit;
}

/** From here on arrivals of these plugins wait. What undoes it: `letIn`, or the publish of whoever takes over. */
export function holdArrivals(
  parts: HoldParts,
  leaving: readonly Leaving[],
  signal: AbortSignal | undefined,
): readonly Holding[] {
  const { parkTimeoutMs: limitMs, maxParked: places } = parts.settings;
  const names = leaving.map(({ slot }) => slot.name);
  const timedOut = () => fail('HAND_OVER_TIMED_OUT', { plugin: names.join(', '), limitMs });
  const limit = new ParkingTimeLimit({ ms: limitMs, signal, timedOut });
  // None of them goes on before all of them do: whoever waits for one waits for the others too.
  const waitsFor = (plugin: string): Iterable<string> =>
    names.includes(plugin) ? [...names, ...parts.waitsFor(plugin)] : parts.waitsFor(plugin);
  const holdings = leaving.map(({ slot, previous }): Holding => {
    const onFull = (): void => limit.giveUp(fail('PARKING_FULL', { plugin: slot.name, places }));
    const lot = new ParkingLot<Generation>({ last: previous, places, waitsFor, onFull });
    slot.parking = lot;
    parts.boards.events.park(slot.name, previous.number);
    return { slot, previous, lot, limit };
  });
  if (holdings.length > 0) republish(parts);
  return holdings;
}

/** Waits until nobody is in the old generations any more. They take nobody new but those who would wait for each other. */
export async function empty(parts: HoldParts, holdings: readonly Holding[]): Promise<void> {
  for (const { previous } of holdings) previous.leases.announceDrain();
  // One that was empty may have been entered again while another still was not.
  do await Promise.all(holdings.map((holding) => emptyOne(parts, holding)));
  while (holdings.some(({ previous }) => previous.leases.count > 0));
  for (const { lot } of holdings) lot.vacate();
}

async function emptyOne({ boards }: HoldParts, { previous, limit }: Holding): Promise<void> {
  const { leases, plugin, number } = previous;
  await unlessAborted(boards.events.idle(plugin, number), limit.signal);
  while (leases.count > 0) await unlessAborted(leases.whenIdle(), limit.signal);
}

/** The hand-over is off: the old generation serves on, and whoever waited goes in to it. Does nothing once it is over. */
export function letIn(parts: HoldParts, { slot, lot, limit }: Holding): void {
  limit.end();
  if (slot.parking !== lot) return;
  slot.parking = undefined;
  // Should the old one have crashed meanwhile, recovery puts up its gate here, before anybody goes in.
  parts.noted(slot, 'the hand-over was given up');
  republish(parts);
  parts.boards.events.unpark(slot.name, lot.last.number);
  lot.last.leases.callOffDrain();
  lot.release();
}
