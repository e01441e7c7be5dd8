import type { ExportedState, SwapMode } from '@hotswap/protocol';
import { bytesWithin, InvalidMessage, listOf, recordOf, textOf, wholeOf } from '../../channel/bounds.ts';
import { fromWireFailure } from '../../channel/wire-failure.ts';
import type { StateTraits } from '../../guest/guest-state.ts';
import type { EndFailure, PluginTraits } from '../isolate.ts';

/** The largest state that one generation hands to the next. */
const largestState = 1_073_741_824;
const highestVersion = 1_000_000_000;
const mostFailures = 100_000;

/** What a guest says of its code. @throws InvalidMessage */
export function readTraits(value: unknown): PluginTraits {
  const { swap, state } = recordOf(value);
  return { swap: swapOf(swap), state: stateTraitsOf(state) };
}

/** @throws InvalidMessage */
export function readHealth(value: unknown): {
  readonly status: 'healthy' | 'unhealthy';
  readonly reason?: string;
} {
  const { status, reason } = recordOf(value);
  const word = status === 'healthy' ? status : 'unhealthy';
  return typeof reason === 'string' ? { status: word, reason: reason.slice(0, 4_096) } : { status: word };
}

/** @throws InvalidMessage */
export function readState(value: unknown): ExportedState | undefined {
  if (value === undefined) return undefined;
  const { schemaVersion, bytes } = recordOf(value);
  return { schemaVersion: wholeOf(schemaVersion, highestVersion), bytes: bytesWithin(bytes, largestState) };
}

/** How a guest ended its plugin. */
export interface GuestEnding {
  readonly failures: readonly EndFailure[];
  /** Something of the thread is still open, such as a port that the plugin did not close. */
  readonly holds: boolean;
}

/** @throws InvalidMessage */
export function readEnding(value: unknown): GuestEnding {
  const { failures, holds } = recordOf(value);
  const read = listOf(failures, mostFailures).map((entry) => {
    const { kind, label, error } = recordOf(entry);
    return { kind: textOf(kind, 200), label: String(label).slice(0, 1_000), error: fromWireFailure(error) };
  });
  return { failures: read, holds: holds !== false };
}

/** What a guest holds, by kind. @throws InvalidMessage */
export function readResources(value: unknown): Readonly<Record<string, number>> {
  const entries = Object.entries(recordOf(value)).slice(0, 100);
  return Object.fromEntries(entries.map(([kind, count]) => [kind, wholeOf(count, Number.MAX_SAFE_INTEGER)]));
}

function swapOf(value: unknown): SwapMode | undefined {
  if (value === undefined || value === 'overlap' || value === 'exclusive') return value;
  throw new InvalidMessage('a swap mode was due');
}

function stateTraitsOf(value: unknown): StateTraits {
  if (value === 'none' || value === 'lossy-cache') return value;
  const { version, oldest, returnsTo } = recordOf(value);
  return {
    version: wholeOf(version, highestVersion),
    oldest: wholeOf(oldest, highestVersion),
    returnsTo: wholeOf(returnsTo, highestVersion),
  };
}
