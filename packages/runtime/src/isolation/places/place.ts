import type { EgressRefusal, LayerState, ResourceUsage } from '@hotswap/sandbox';
import type { Transport } from '../../channel/transport.ts';

/** Why a place ended without being told to. */
export interface PlaceExit {
  /**
   * `exit`: its code ended it; `error`: an error nobody caught; `signal`: the system or somebody else killed it;
   * `memory`: over its limit; `unresponsive`: its loop stood still; `flood`: it sent more than the host could take;
   * `broken`: what it sent is no message; `limit`: over another limit.
   */
  readonly reason: 'exit' | 'error' | 'signal' | 'memory' | 'unresponsive' | 'flood' | 'broken' | 'limit';
  /** A sentence for the operator, such as `it used 300 MB of the 256 MB it may use`. */
  readonly detail: string;
  /** What its code threw, where that is why. */
  readonly error?: unknown;
  /** The last lines it wrote to stderr, oldest first. For operators, never for clients. */
  readonly lastLines: readonly string[];
}

/** Whose code runs in a place, and what it may have there. */
export interface PlaceOwner {
  readonly plugin: string;
  readonly generation: number;
  /** What it will be held to, so that a place is taken which can be. */
  readonly limits?: PlaceLimits;
  /** `host:port` entries of its manifest. A place that is confined reaches nothing else. */
  readonly network?: readonly string[];
  /** Absolute paths it may read. */
  readonly files?: readonly string[];
  /** Whether it may load native addons. */
  readonly native?: boolean;
  /** The image of its container; default: the usual one. */
  readonly image?: string;
  /** Name of the process it shares with others of its trust domain; by default it has one alone. */
  readonly share?: string;
  /** Names its trust domain: who shares a process has the same. */
  readonly trust?: string;
}

/** What a place is held to. */
export interface PlaceLimits {
  readonly memoryMB: number;
  /** Of one core. Not held at `strict`. */
  readonly cpuPercent?: number;
  /** Threads and processes. Not held at `strict`. */
  readonly processes?: number;
  /** Not held at `strict`. */
  readonly openFiles?: number;
  /** Through the way out of its sandbox. Not held at `strict`. */
  readonly connections?: number;
  /** How long its event loop may stand still: the time limit of a call and the grace after it. */
  readonly graceMs: number;
}

/**
 * Somewhere outside the host's thread that runs the guest's entry for one generation: a thread, a process, a container.
 * Never used for a second one.
 */
export interface Place {
  readonly id: number;
  readonly transport: Transport;
  /** Whether memory and buffers can be shared with it and moved to it. */
  readonly sharesMemory: boolean;
  /** What confines it; empty for a thread. */
  readonly layers: readonly LayerState[];
  /**
   * Ends the place. `stuck` when it did not settle in time: it is abandoned then, and may go on using its core and memory.
   * A second call returns the same promise.
   */
  terminate(): Promise<'ended' | 'stuck'>;
  /**
   * Told once, when it ended or is being ended without `terminate()`; also when it turns out to be stuck. The transport
   * tells its `onClose` after this.
   */
  onExit: ((exit: PlaceExit) => void) | undefined;
  /** A line that it wrote to stdout or stderr, other than through its logger. */
  onLine: ((stream: 'stdout' | 'stderr', line: string) => void) | undefined;
  /** A connection that its way out refused; told of a few in a second, with how many were left out before it. */
  onRefused?: ((refusal: EgressRefusal & { readonly leftOut: number }) => void) | undefined;
  /** Connections that were refused because too many were open; absent where there is no such way. */
  readonly refusedConnections?: number;
  /** Set by its taker: whether somebody waits for an answer from it, so that it owes signs of life. */
  isAwaited?: (() => boolean) | undefined;
  /** From now on it is held to these limits. */
  watch(limits: PlaceLimits): void;
  /** Its guest is asked to end: from now on it may stand still for a moment only. Where it is absent, for as long as before. */
  hurry?(): void;
  /** What it uses now. What cannot be told of such a place is undefined. */
  usage(): Promise<ResourceUsage>;
}

/** Gives places, warm ones where there are some. */
export interface PlacePool {
  /**
   * A place whose entry may still be starting: what is sent before it is up waits.
   *
   * @param owner named in status when the place gets stuck
   */
  take(owner?: PlaceOwner): Promise<Place>;
  /** Ends the spares. Places that were taken are their takers' to end. */
  close(): Promise<void>;
}
