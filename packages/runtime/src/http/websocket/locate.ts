import type { Place } from './next-step.ts';
import type { Generation } from '../../plugin/generation.ts';
import { type AssignmentKey, resolveAssignment } from '../../routing/assignment.ts';
import type { SlotView } from '../../routing/routing-table.ts';

/** Where the routing table sends a connection. */
export interface SocketLocation {
  readonly place: Place;
  /** The generation that takes it over; only with place `next`. */
  readonly next?: Generation;
  /** Why nobody does; only with place `nowhere`. */
  readonly because?: 'replaced' | 'unloaded' | 'down';
}

/** What a connection is routed by. */
export interface SocketRoute {
  /** The generation it is with; none before its first event. */
  readonly home: Generation | undefined;
  /** The handler's key, the same in every generation that has the route. */
  readonly route: string;
  /** The route's pattern. */
  readonly path: string;
  readonly key: AssignmentKey;
}

const here: SocketLocation = { place: 'here' };
const held: SocketLocation = { place: 'held' };

/** Reads from a plugin's entry in the current table where one of its connections belongs. */
export function locate(
  view: SlotView<Generation> | undefined,
  { home, route, path, key }: SocketRoute,
): SocketLocation {
  if (view === undefined) return { place: 'nowhere', because: 'unloaded' };
  switch (view.gate?.reason) {
    case 'unloading':
      return { place: 'nowhere', because: 'unloaded' };
    case 'down':
      return { place: 'nowhere', because: 'down' };
    case 'parked':
      // What will not be taken over ends now, while the old generation can still be told.
      return home === undefined || handsOver(home, path) ? held : { place: 'nowhere', because: 'replaced' };
    case undefined:
  }
  const number = resolveAssignment(view.assignment, key);
  const target = number === undefined ? undefined : view.generations.get(number);
  if (target === undefined) return { place: 'nowhere', because: 'unloaded' };
  if (target === home) return here;
  const isTaken = home === undefined ? target.handlerAt(route) : handsOver(home, path) && handsOver(target, path);
  return isTaken ? { place: 'next', next: target } : { place: 'nowhere', because: 'replaced' };
}

/** Whether a generation's route gives its open connections to, and takes them from, other generations. */
function handsOver({ registrations }: Generation, path: string): boolean {
  return registrations.some(
    (registration) => registration.type === 'websocket' && registration.handsOver && registration.path === path,
  );
}
