import type { ExportedState, PluginManifest } from '@hotswap/protocol';
import type { HealthAnswer, PluginDefinition, RunningPlugin, StateSettings } from '@hotswap/sdk';
import { compileProgram, readDefinition } from './compile.ts';
import type { GuestHost } from './guest-host.ts';
import { decodeState, encodeState, rehearseState, stateSettingsOf, stateTraitsOf } from './guest-state.ts';
import { Ledger, type UndoFailure, unlessAborted } from './ledger.ts';
import { createPluginContext } from './plugin-context.ts';
import { createModuleScope } from './scoped-globals.ts';
import type { HostServices } from '../host-services/host-services.ts';
import type { PluginTraits } from '../isolation/isolate.ts';
import type { Program } from '../loading/artifact.ts';

/** What a guest needs to bring one generation to life. */
export interface GuestStart {
  readonly manifest: PluginManifest;
  readonly generation: number;
  readonly program: Program;
  readonly config: Readonly<Record<string, unknown>>;
  readonly services: HostServices;
  readonly host: GuestHost;
}

/** A program that was evaluated, and what it shall be started with. */
interface Loaded {
  readonly definition: PluginDefinition;
  readonly start: Omit<GuestStart, 'program'>;
}

/** One plugin brought to life inside an isolate; the same code at every isolation level. */
export class Guest {
  /** Reached by every function of the program: a leak of one of them is a leak of this. */
  readonly anchor: object = { of: 'plugin code' };
  readonly #ledger: Ledger;
  readonly #ending = new AbortController();
  #loaded: Loaded | undefined;
  #running: RunningPlugin = {};

  /** @param resourcesChanged called whenever what it holds changes */
  constructor(resourcesChanged?: () => void) {
    this.#ledger = new Ledger(resourcesChanged);
  }

  /** Evaluates the program; nothing of the plugin has started yet. Throws what it threw. */
  async load({ program, ...start }: GuestStart): Promise<PluginTraits> {
    const definition = await this.#evaluate(program, start);
    this.#loaded = { definition, start };
    return { swap: definition.swap, state: stateTraitsOf(definition, start.manifest.stateVersion) };
  }

  /** Starts the plugin, with the state of the one before it. Throws what the plugin threw. */
  async start(state: ExportedState | undefined): Promise<{ readonly exportsState: boolean }> {
    const { definition, start } = this.#isLoaded();
    const { context, closeRegistration } = createPluginContext({
      ...start,
      signal: this.#ending.signal,
      ledger: this.#ledger,
    });
    try {
      const given = state && decodeState(this.#settings(), state);
      this.#running = (await definition.start(context, given)) ?? {};
      // Given up while it was starting: what it brought up late is taken down at once.
      if (this.#ending.signal.aborted) await this.#running.stop?.({ signal: this.#ending.signal });
      return { exportsState: this.#running.exportState !== undefined };
    } finally {
      closeRegistration();
    }
  }

  /** The state as it is now, in the schema of `version` if that is given. */
  async exportState(version?: number): Promise<ExportedState | undefined> {
    if (this.#running.exportState === undefined) return undefined;
    return encodeState(this.#settings(), await this.#running.exportState(), version);
  }

  /** Tries what `start` would do with a state. @returns whether there is a way back */
  async rehearseState(state: ExportedState): Promise<boolean> {
    return rehearseState(this.#settings(), state);
  }

  async health(): Promise<{ readonly status: 'healthy' | 'unhealthy'; readonly reason?: string }> {
    const answer: HealthAnswer = (await this.#running.health?.()) ?? 'healthy';
    return typeof answer === 'string' ? { status: answer } : answer;
  }

  /** @returns whether the plugin took the new config in place */
  async configure(
    next: Readonly<Record<string, unknown>>,
    previous: Readonly<Record<string, unknown>>,
  ): Promise<boolean> {
    if (this.#running.configure === undefined) return false;
    return (await this.#running.configure(next, previous)) !== 'swap';
  }

  /** What the ledger still holds, by kind. */
  resources(): Readonly<Record<string, number>> {
    return this.#ledger.counts();
  }

  /** What has stood in the ledger for longest. */
  oldestResources(most: number): ReturnType<Ledger['oldest']> {
    return this.#ledger.oldest(most);
  }

  /**
   * The author's own `stop`, then everything in the ledger, last first. Failures are returned, never thrown. A step
   * that hangs is left behind when `limit` is aborted, so that what comes after it is undone all the same.
   */
  async stop(reason: Error, limit: AbortSignal): Promise<readonly UndoFailure[]> {
    const failures: UndoFailure[] = [];
    this.#ending.abort(reason);
    try {
      const stopped = this.#running.stop?.({ signal: limit });
      if (stopped) await unlessAborted(stopped, limit);
    } catch (error) {
      failures.push({ kind: 'stop', label: 'the plugin itself', error });
    }
    failures.push(...(await this.#ledger.undoAll(limit)));
    this.#running = {};
    this.#loaded = undefined;
    return failures;
  }

  #settings(): StateSettings | undefined {
    const { definition, start } = this.#isLoaded();
    return stateSettingsOf(definition, start.manifest.stateVersion);
  }

  #isLoaded(): Loaded {
    this.#ending.signal.throwIfAborted();
    if (this.#loaded === undefined) throw new Error('the guest was not loaded');
    return this.#loaded;
  }

  async #evaluate(program: Program, start: Omit<GuestStart, 'program'>): Promise<PluginDefinition> {
    if (program.type === 'definition') return program.definition;
    if (program.type === 'executable') throw new Error('a program of its own is run by a dialect');
    const { anchor } = this;
    const scope = createModuleScope({
      anchor,
      plugin: start.manifest.name,
      ledger: this.#ledger,
      log: start.services.log,
      fetch: start.services.fetch,
      fault: start.host.fault,
      addons: program.addons,
      signal: this.#ending.signal,
    });
    return await readDefinition(await compileProgram(program)(scope), start.manifest.name);
  }
}
