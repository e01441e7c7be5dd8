import type { Transport } from '../../channel/transport.ts';

/** Why a thread ended without being told to. */
export interface ThreadExit {
  /**
   * `exit`: its code ended it; `error`: an error nobody caught; `memory`: over its limit; `unresponsive`: its loop stood
   * still; `flood`: it sent more than the host could take; `broken`: what it wrote into shared memory is no message.
   */
  readonly reason: 'exit' | 'error' | 'memory' | 'unresponsive' | 'flood' | 'broken';
  /** A sentence for the operator, such as `it used 300 MB of the 256 MB it may use`. */
  readonly detail: string;
  /** What the thread threw, where that is why. */
  readonly error?: unknown;
  /** The last lines it wrote to stderr, oldest first. For operators, never for clients. */
  readonly lastLines: readonly string[];
}

/** Whose code runs in a thread. */
export interface ThreadOwner {
  readonly plugin: string;
  readonly generation: number;
  /** Its soft limit, so that V8's own one lies well above it. */
  readonly memoryMB?: number;
}

/** What a thread is held to. */
export interface ThreadLimits {
  readonly memoryMB: number;
  /** How long its event loop may stand still: the time limit of a call and the grace after it. */
  readonly graceMs: number;
}

/**
 * One worker thread, running the guest's entry, which gets its end of the transport by `openGuestTransport(workerData)`, for one generation. Never used for a second one. */
export interface Thread {
  readonly id: number;
  readonly transport: Transport;
  /**
   * Ends the thread. `stuck` when it did not settle in time: it is abandoned then, and may go on using its core and memory.
   * A second call returns the same promise.
   */
  terminate(): Promise<'ended' | 'stuck'>;
  /**
   * Told once, when it ended or is being ended without `terminate()`; also when it turns out to be stuck. The transport
   * tells its `onClose` after this.
   */
  onExit: ((exit: ThreadExit) => void) | undefined;
  /** A line that it wrote to stdout or stderr, other than through its logger. */
  onLine: ((stream: 'stdout' | 'stderr', line: string) => void) | undefined;
  /** From now on it is held to these limits. */
  watch(limits: ThreadLimits): void;
}

/** Gives threads, warm ones where there are some. */
export interface ThreadPool {
  /**
   * A thread whose entry may still be starting: what is sent before it is up waits.
   *
   * @param owner named in status when the thread gets stuck
   */
  take(owner?: ThreadOwner): Promise<Thread>;
  /** Ends the spares. Threads that were taken are their takers' to end. */
  close(): Promise<void>;
}
