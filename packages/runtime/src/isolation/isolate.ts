import type { IsolationLevel, PluginManifest } from '@hotswap/protocol';
import type { GuestHost } from '../guest/guest-host.ts';
import type { HostServices } from '../host-services/host-services.ts';
import type { Program } from '../loading/artifact.ts';

/** What an isolate is given to bring one generation to life. */
export interface IsolateStart {
  readonly manifest: PluginManifest;
  readonly generation: number;
  readonly program: Program;
  readonly config: Readonly<Record<string, unknown>>;
  readonly services: HostServices;
  readonly host: GuestHost;
}

/** A step of an ending that failed. The ending went on regardless. */
export interface EndFailure {
  readonly kind: string;
  readonly label: string;
  readonly error: unknown;
}

/**
 * One place where the code of one generation runs. Every level implements it; the conformance suite holds them to it.
 *
 * Handlers registered through `IsolateStart.host` may be called from the moment `start` resolves until `stop` is
 * called. At `none` and `basic` they are the author's own functions; elsewhere they send the call across.
 */
export interface Isolate {
  readonly level: IsolationLevel;
  /** Called once. Rejects with what the plugin threw; `stop` must follow also then. */
  start(start: IsolateStart): Promise<void>;
  /** The plugin's own word; a plugin without a check is healthy. Rejects with what the check threw. */
  health(): Promise<{ readonly status: 'healthy' | 'unhealthy'; readonly reason?: string }>;
  /** @returns whether the plugin took the config in place; false means: swap. */
  configure(next: Readonly<Record<string, unknown>>, previous: Readonly<Record<string, unknown>>): Promise<boolean>;
  /** What the generation holds, by kind. */
  resources(): Readonly<Record<string, number>>;
  /**
   * Ends the plugin: its own `stop`, then everything it registered or began, last first.
   * A second call returns the same promise. Failures are results: an ending never stops half-way.
   *
   * @param limit aborted when the time for stopping is over
   */
  stop(reason: Error, limit: AbortSignal): Promise<readonly EndFailure[]>;
}

/** Makes an isolate of one level; nothing runs until its `start`. */
export type IsolateFactory = () => Isolate;
