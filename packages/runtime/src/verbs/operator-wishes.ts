import { resolve } from 'node:path';
import { type DesiredChange } from '../config/desired/desired-change.ts';
import type { DesiredState } from '../config/desired/desired-state.ts';
import type { PluginEntry } from '../config/plugin-entry.ts';
import { sourcePath } from '../loading/plugin-source.ts';
import type { PluginSlot, SlotWish } from '../plugin/plugin-slot.ts';
import type { Operation } from '../status.ts';
import type { ChangeOptions } from './plugin-verbs.ts';

/** Who makes changes that are not an operator's: start-up, and what a file says. These are not persisted. */
const unrecordedActors: readonly string[] = ['file', 'start-up', 'shut-down', 'trust'];

/** Keeps what operators ask for, so that it holds after a restart. Without a data folder nothing is kept. */
export class OperatorWishes {
  #entries: Readonly<Record<string, PluginEntry>>;
  #desired: DesiredState | undefined;

  constructor(entries: Readonly<Record<string, PluginEntry>>) {
    this.#entries = entries;
  }

  /** From now on wishes are kept. */
  attach(desired: DesiredState): void {
    this.#desired = desired;
  }

  /** What the file says from now on: edits that an operator's word outranks are told by it. */
  followFile(entries: Readonly<Record<string, PluginEntry>>): void {
    this.#entries = entries;
  }

  /** What the file says about a plugin. */
  entryOf(plugin: string): PluginEntry | undefined {
    return this.#entries[plugin];
  }

  get desired(): DesiredState | undefined {
    return this.#desired;
  }

  /** The config an operator has set for a plugin. */
  configOf(plugin: string): SlotWish['config'] | undefined {
    return this.#desired?.plugins[plugin]?.config?.config;
  }

  async record(slot: PluginSlot, operation: Operation, { actor, reason }: ChangeOptions): Promise<void> {
    if (this.#desired === undefined || (actor !== undefined && unrecordedActors.includes(actor))) return;
    const isIsolationSet = this.#desired.plugins[slot.name]?.isolation !== undefined;
    for (const change of changesOf(slot, operation, isIsolationSet)) {
      await this.#desired.change({ plugin: slot.name, change, entry: this.#entries[slot.name], actor, reason });
    }
  }

  async close(): Promise<void> {
    await this.#desired?.close();
  }
}

/** What of a change must be remembered. A source in memory cannot be: it ends with the process. */
function changesOf(
  { wish, current }: PluginSlot,
  operation: Operation,
  isIsolationSet: boolean,
): readonly DesiredChange[] {
  const source =
    typeof wish.source === 'object' && 'name' in wish.source ? undefined : resolve(sourcePath(wish.source));
  const load: readonly DesiredChange[] = source === undefined ? [] : [{ type: 'load', source }];
  const configure: readonly DesiredChange[] =
    wish.configSource === 'api' ? [{ type: 'configure', config: wish.config }] : [];
  const isolation = wish.isolation ?? current?.isolate.level;
  const isolate: readonly DesiredChange[] = isolation === undefined ? [] : [{ type: 'isolate', isolation }];
  switch (operation) {
    case 'load':
    case 'swap':
      return [...load, ...configure];
    case 'rollback':
      // A level that only the file or the plugin itself had said stays theirs to say.
      return [...load, ...configure, ...(isIsolationSet ? isolate : [])];
    case 'promote':
      return isolate;
    case 'configure':
      return configure;
    case 'unload':
      return [{ type: 'unload' }];
    case 'enable':
      return [{ type: 'enable' }];
    case 'disable':
      return [{ type: 'disable' }];
    case 'reload':
    case 'restart':
      return [];
  }
}
