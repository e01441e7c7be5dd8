/** What the routing table says of a connection, seen from the generation it is with. */
export type Place =
  /** It stays. */
  | 'here'
  /** Another generation takes it over. */
  | 'next'
  /** The plugin changes hands: nothing is handed over until it has. */
  | 'held'
  /** Nobody takes it over. */
  | 'nowhere';

/** Everything that decides what a connection does next. */
export interface SocketStanding {
  /** `coming` until its first handler was called, `over` once its last one was. */
  readonly stage: 'coming' | 'here' | 'over';
  readonly place: Place;
  /** Messages wait to be handed over. */
  readonly isQueued: boolean;
  /** It is closed, by whichever side. */
  readonly isEnding: boolean;
  /** The generation it is with can still be called. */
  readonly isHomeAlive: boolean;
}

/**
 * What a connection does next: `go-on` tells its new generation, `message` and `close` tell the one it is with, `drop`
 * ends it without telling anybody. Nothing: it waits.
 */
export type SocketStep = 'go-on' | 'message' | 'close' | 'drop' | undefined;

/** What comes next. Messages that were received are handed over before a connection ends. */
export function nextStep({ stage, place, isQueued, isEnding, isHomeAlive }: SocketStanding): SocketStep {
  if (stage === 'over') return undefined;
  if (stage === 'coming') {
    if (isEnding && !isQueued) return 'drop';
    if (place === 'held') return undefined;
    return place === 'next' ? 'go-on' : 'drop';
  }
  const isOnlyClosing = isEnding && !isQueued;
  if (isOnlyClosing && isHomeAlive) return 'close';
  if (place === 'next') return 'go-on';
  if (place === 'held') return undefined;
  if (!isHomeAlive) return 'drop';
  if (isQueued) return 'message';
  return isOnlyClosing || place === 'nowhere' ? 'close' : undefined;
}
