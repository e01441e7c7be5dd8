import type { ExportedState } from '@hotswap/protocol';
import type { EndFailure, HeldResource, Isolate, IsolateStart, PluginTraits } from './isolate.ts';
import { Guest } from '../guest/guest.ts';

/**
 * Levels `none` and `basic`: the plugin runs in the host's thread and its handlers are called directly.
 * What `basic` adds, the guard around each call, is the generation's work; nothing here stops hostile code.
 */
export class InProcessIsolate implements Isolate {
  readonly level: 'none' | 'basic';
  readonly #guest = new Guest();
  #ending: Promise<readonly EndFailure[]> | undefined;

  constructor(level: 'none' | 'basic') {
    this.level = level;
  }

  get anchor(): object {
    return this.#guest.anchor;
  }

  load(start: IsolateStart): Promise<PluginTraits> {
    return this.#guest.load(start);
  }

  start(state: ExportedState | undefined): ReturnType<Isolate['start']> {
    return this.#guest.start(state);
  }

  health(): ReturnType<Isolate['health']> {
    return this.#guest.health();
  }

  configure(next: Readonly<Record<string, unknown>>, previous: Readonly<Record<string, unknown>>): Promise<boolean> {
    return this.#guest.configure(next, previous);
  }

  exportState(version?: number): Promise<ExportedState | undefined> {
    return this.#guest.exportState(version);
  }

  rehearseState(state: ExportedState): Promise<boolean> {
    return this.#guest.rehearseState(state);
  }

  resources(): Readonly<Record<string, number>> {
    return this.#guest.resources();
  }

  oldestResources(most: number): readonly HeldResource[] {
    return this.#guest.oldestResources(most);
  }

  stop(reason: Error, limit: AbortSignal): Promise<readonly EndFailure[]> {
    this.#ending ??= this.#guest.stop(reason, limit);
    return this.#ending;
  }
}
