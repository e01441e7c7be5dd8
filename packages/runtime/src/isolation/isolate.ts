import type { ExportedState, IsolationLevel, PluginManifest, SwapMode } from '@hotswap/protocol';
import type { LayerState, ResourceUsage } from '@hotswap/sandbox';
import type { GuestHost } from '../guest/guest-host.ts';
import type { StateTraits } from '../guest/guest-state.ts';
import type { GenerationServices } from '../host-services/service-registry.ts';
import type { Program } from '../loading/artifact.ts';

/** What an isolate tells its host beside what the guest in it says. */
export interface IsolateHost extends GuestHost {
  /**
   * The isolate ended without being asked to. Told once; every call under way has been settled with `error` by then.
   * Never told at `none` and `basic`: there the host would be gone too.
   */
  exited(error: Error): void;
}

/** What an isolate is given to bring one generation to life. */
export interface IsolateStart {
  readonly manifest: PluginManifest;
  readonly generation: number;
  readonly program: Program;
  /** Name of the key on whose word it runs; undefined: nobody vouched for it. */
  readonly signer: string | undefined;
  readonly config: Readonly<Record<string, unknown>>;
  readonly services: GenerationServices;
  readonly host: IsolateHost;
}

/** What the code of a plugin says of itself once it is loaded, before anything of it has started. */
export interface PluginTraits {
  readonly swap: SwapMode | undefined;
  readonly state: StateTraits;
}

/** Something a generation began that has not ended. */
export interface HeldResource {
  readonly kind: string;
  readonly label: string;
  readonly ageMs: number;
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
  /** Why its level holds it to nothing, as a sentence such as `its program may do what the user of this host may do`. */
  readonly unconfined?: string;
  /** What every function of the plugin's code reaches, where that code is in this thread. */
  readonly anchor?: object;
  /** Brings the code in and evaluates it. Called once, first. Rejects with what it threw; `stop` must follow also then. */
  load(start: IsolateStart): Promise<PluginTraits>;
  /**
   * Starts the plugin, with the state that the one before it left. Called once, after `load`.
   * Rejects with what the plugin threw, or STATE_VERSION_UNREACHABLE, STATE_MIGRATION_FAILED.
   *
   * @returns whether the plugin exports state
   */
  start(state: ExportedState | undefined): Promise<{ readonly exportsState: boolean }>;
  /** The plugin's own word; a plugin without a check is healthy. Rejects with what the check threw. */
  health(): Promise<{ readonly status: 'healthy' | 'unhealthy'; readonly reason?: string }>;
  /** @returns whether the plugin took the config in place; false means: swap. */
  configure(next: Readonly<Record<string, unknown>>, previous: Readonly<Record<string, unknown>>): Promise<boolean>;
  /**
   * The plugin's state as it is now, in the schema of `version`: its own by default, an older one to go back to that.
   * Undefined when it exports none. May be called while it serves, and more than once.
   * Rejects with what the plugin threw, STATE_NOT_CLONEABLE, STATE_VERSION_UNREACHABLE or STATE_MIGRATION_FAILED.
   */
  exportState(version?: number): Promise<ExportedState | undefined>;
  /**
   * Tries what `start` would do with a state, on a copy and without starting: up to its own version and back down.
   * Rejects with STATE_VERSION_UNREACHABLE, STATE_MIGRATION_FAILED or STATE_ROUND_TRIP_FAILED.
   *
   * @returns whether its state can be taken back to the version of `state`
   */
  rehearseState(state: ExportedState): Promise<boolean>;
  /** What the generation holds, by kind. */
  resources(): Readonly<Record<string, number>>;
  /** What confines it, once it is loaded; absent where nothing does. */
  layers?(): readonly LayerState[];
  /** What it uses of the machine; absent where it cannot be told from the host. */
  usage?(): Promise<ResourceUsage>;
  /** Connections that its way out refused because it had too many open; absent where there is no such way. */
  refusedConnections?(): number;
  /** What it has held for longest, where that is known in this thread. */
  oldestResources?(most: number): readonly HeldResource[];
  /**
   * Ends the plugin: its own `stop`, then everything it registered or began, last first.
   * A second call returns the same promise. Failures are results: an ending never stops half-way.
   *
   * @param limit aborted when the time for stopping is over
   */
  stop(reason: Error, limit: AbortSignal): Promise<readonly EndFailure[]>;
}

/** Makes an isolate of one level; nothing runs until its `load`. */
export type IsolateFactory = () => Isolate;
