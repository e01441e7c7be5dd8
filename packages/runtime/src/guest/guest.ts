import type { PluginManifest } from '@hotswap/protocol';
import type { HealthAnswer, PluginDefinition, RunningPlugin } from '@hotswap/sdk';
import { compileProgram, readDefinition } from './compile.ts';
import type { GuestHost } from './guest-host.ts';
import { Ledger, type UndoFailure, unlessAborted } from './ledger.ts';
import { createPluginContext } from './plugin-context.ts';
import { createModuleScope } from './scoped-globals.ts';
import type { HostServices } from '../host-services/host-services.ts';
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

/** One plugin brought to life inside an isolate; the same code at every isolation level. */
export class Guest {
  readonly #ledger = new Ledger();
  readonly #ending = new AbortController();
  #running: RunningPlugin = {};

  /** Evaluates the program and starts the plugin. Throws what the plugin threw. */
  async start({ program, ...start }: GuestStart): Promise<void> {
    const definition = await this.#evaluate(program, start);
    const { context, closeRegistration } = createPluginContext({
      ...start,
      signal: this.#ending.signal,
      ledger: this.#ledger,
    });
    try {
      this.#running = (await definition.start(context)) ?? {};
      // Given up while it was starting: what it brought up late is taken down at once.
      if (this.#ending.signal.aborted) await this.#running.stop?.({ signal: this.#ending.signal });
    } finally {
      closeRegistration();
    }
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
    return failures;
  }

  async #evaluate(program: Program, start: Omit<GuestStart, 'program'>): Promise<PluginDefinition> {
    if (program.type === 'definition') return program.definition;
    const scope = createModuleScope({
      plugin: start.manifest.name,
      ledger: this.#ledger,
      log: start.services.log,
      fetch: start.services.fetch,
      fault: start.host.fault,
      signal: this.#ending.signal,
    });
    return await readDefinition(await compileProgram(program)(scope), start.manifest.name);
  }
}
