import type { ActivationBoards } from '../plugin/activation.ts';
import { activate } from '../plugin/activation.ts';
import type { Generation } from '../plugin/generation.ts';
import type { PluginSlot } from '../plugin/plugin-slot.ts';
import type { Router } from '../routing/router.ts';
import type { RoutingTable } from '../routing/routing-table.ts';

/** One plugin's part in a publish: who serves from now on. */
export interface Succession {
  readonly slot: PluginSlot;
  /** Undefined: nobody serves any more. */
  readonly successor: Generation | undefined;
}

export interface PublishParts {
  readonly router: Router<Generation>;
  readonly boards: ActivationBoards;
  /** Every slot, in load order. */
  readonly slots: () => readonly PluginSlot[];
}

/**
 * The table that `publish` would take. It holds until the next publish, so both belong in one turn of the event loop.
 *
 * @throws ROUTE_CONFLICT
 */
export function routeTo(parts: PublishParts, successions: readonly Succession[]): RoutingTable<Generation> {
  return parts.router.prepare(
    parts.slots().map((slot) => {
      const change = successions.find((succession) => succession.slot === slot);
      return change ? slot.viewWith(change.successor?.number) : slot.view();
    }),
  );
}

/**
 * Puts successors in the place of the generations that serve now: one new routing table, one assignment, within one
 * turn of the event loop. All of them are published or none.
 *
 * @returns the generations that gave way, now draining
 * @throws ROUTE_CONFLICT, SERVICE_CONFLICT before anything has changed
 */
export function publish(
  parts: PublishParts,
  successions: readonly Succession[],
  reason: string,
  table = routeTo(parts, successions),
): Generation[] {
  const pairs = successions.map(({ slot, successor }) => ({ slot, successor, previous: slot.current }));
  attachSuccessors(parts, pairs);
  parts.router.publish(table);
  const gaveWay: Generation[] = [];
  for (const { slot, successor, previous } of pairs) {
    successor?.lifecycle.move('active', reason);
    slot.assign(successor?.number);
    if (previous === undefined || previous === successor) continue;
    if (previous.lifecycle.can('draining')) previous.lifecycle.move('draining', reason);
    gaveWay.push(previous);
  }
  return gaveWay;
}

/** Draws the table anew after slots came, went or changed their standing. */
export function republish({ router, slots }: PublishParts): void {
  router.publish(router.prepare(slots().map((slot) => slot.view())));
}

/** Ends tasks, subscriptions, services and extensions of a generation that gives way. */
export function detach(generation: Generation): void {
  generation.detach?.();
  generation.detach = undefined;
}

interface Pair {
  readonly slot: PluginSlot;
  readonly successor: Generation | undefined;
  readonly previous: Generation | undefined;
}

/** If one cannot be attached, those before it are taken back and the old ones stand as they stood. */
function attachSuccessors({ boards }: PublishParts, pairs: readonly Pair[]): void {
  const done: Pair[] = [];
  try {
    for (const pair of pairs) {
      done.push(pair);
      if (pair.previous) detach(pair.previous);
      if (pair.successor) pair.successor.detach = activate(pair.slot, pair.successor, boards);
    }
  } catch (error) {
    for (const { slot, successor, previous } of done.toReversed()) {
      if (successor) detach(successor);
      if (previous) previous.detach = activate(slot, previous, boards);
    }
    throw error;
  }
}
