import type { Transport } from '../../channel/transport.ts';

/** Why a thread ended without being told to. */
export interface ThreadExit {
  /** `exit`: its code ended it; `error`: an error nobody caught; `memory`: over its limit; `unresponsive`: its loop stood still. */
  readonly reason: 'exit' | 'error' | 'memory' | 'unresponsive';
  /** A sentence for the operator, such as `it used 300 MB of the 256 MB it may use`. */
  readonly detail: string;
  /** What the thread threw, where that is why. */
  readonly error?: unknown;
}

/** What a thread is held to. */
export interface ThreadLimits {
  readonly memoryMB: number;
  /** How long its event loop may stand still. */
  readonly graceMs: number;
}

/** One worker thread, running the guest's entry, for one generation. Never used for a second one. */
export interface Thread {
  readonly id: number;
  readonly transport: Transport;
  /**
   * Ends the thread. `stuck` when it did not settle in time: it is abandoned then, and may go on using its core and memory.
   * A second call returns the same promise.
   */
  terminate(): Promise<'ended' | 'stuck'>;
  /** Told once, when it ended without `terminate()`. The transport has told its `onClose` by then, or never will. */
  onExit: ((exit: ThreadExit) => void) | undefined;
  /** From now on it is held to these limits. */
  watch(limits: ThreadLimits): void;
}

/** Gives threads, warm ones where there are some. */
export interface ThreadPool {
  take(): Promise<Thread>;
  /** Ends the spares. Threads that were taken are their takers' to end. */
  close(): Promise<void>;
}
