import type { PlaceExit } from '../places/place.ts';
import { mostUnasked } from '../places/unasked.ts';

/** What is known of a process by what comes from it. */
export interface ProcessVitals {
  /** For how long it has owed a sign of life. */
  readonly standstillMs: number;
  /** Messages that it sent unasked, less what it may send. */
  readonly unasked: number;
  /** Bytes that it was sent and has not read. */
  readonly unreadBytes: number;
}

/** A verdict on a process that must end. */
export type Verdict = Pick<PlaceExit, 'reason' | 'detail'>;

/** A guest that works reads what it is sent; one that does not must not fill the host's memory. */
const mostUnreadBytes = 268_435_456;
const shortestPauseMs = 50;
const longestPauseMs = 1_000;

/** Whether a process must end, and why. */
export function judgeProcess(
  { standstillMs, unasked, unreadBytes }: ProcessVitals,
  graceMs: number,
): Verdict | undefined {
  if (standstillMs > graceMs)
    return { reason: 'unresponsive', detail: `its event loop stood still for ${Math.round(standstillMs)} ms` };
  if (unasked > mostUnasked)
    return { reason: 'flood', detail: `it sent ${Math.round(unasked)} messages more than it may` };
  if (unreadBytes > mostUnreadBytes)
    return { reason: 'unresponsive', detail: `it left ${Math.round(unreadBytes / 1_048_576)} MB unread` };
  return undefined;
}

/** How long somebody may wait for an answer before the process is asked for a sign of life. */
export function pauseBeforeBeatMs(graceMs: number): number {
  return Math.min(longestPauseMs, Math.max(shortestPauseMs, graceMs / 4));
}
