import type { ConfinedExit } from '@hotswap/sandbox';
import type { PlaceExit } from '../places/place.ts';

/** How V8 says that its own limit was reached, before it ends the process with an abort. */
const outOfHeap = /heap out of memory|Reached heap limit|invalid (?:array|table) size|NewSpace::EnsureCurrentCapacity/;

/** Why a place ended whose process ended like that. Pure. */
export function placeExitOf(exit: ConfinedExit, lastLines: readonly string[]): PlaceExit {
  return { ...causeOf(exit, lastLines), lastLines };
}

function causeOf(
  { cause, code, signal, detail }: ConfinedExit,
  lastLines: readonly string[],
): Pick<PlaceExit, 'reason' | 'detail'> {
  if (cause === 'memory' || cause === 'limit') return { reason: cause, detail };
  if (code !== 0 && lastLines.some((line) => outOfHeap.test(line)))
    return { reason: 'memory', detail: `its heap was full: ${endedBy(code, signal)}` };
  if (signal !== null) return { reason: 'signal', detail: endedBy(code, signal) };
  return { reason: 'exit', detail: `it ended itself with code ${code ?? 'unknown'}` };
}

function endedBy(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `it ended with code ${code ?? 'unknown'}` : `signal ${signal} ended it`;
}
