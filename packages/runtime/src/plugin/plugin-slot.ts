import type { IsolationLevel, WireError } from '@hotswap/protocol';
import type { Generation } from './generation.ts';
import type { History } from './history.ts';
import { publicStateOf } from './public-state.ts';
import { type Assignment, assignedGenerations, emptyAssignment, withDefault } from '../routing/assignment.ts';
import type { Gate } from '../routing/gate.ts';
import { unloadingGate } from '../routing/unloading-gate.ts';
import { DurationHistogram } from '../host-services/metrics/duration-histogram.ts';
import { createSlotView, type SlotView } from '../routing/routing-table.ts';
import type { PluginSource } from '../loading/plugin-source.ts';
import type { PluginStatus, PublicState } from '../status.ts';

/** Where the config of a plugin came from. */
export type ConfigSource = PluginStatus['configSource'];

/** What the operator wants of a plugin, as opposed to what is running. */
export interface SlotWish {
  readonly isEnabled: boolean;
  readonly source: PluginSource;
  /** As given: defaults are filled in when a generation is made. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly configSource: ConfigSource;
  /** The operator's isolation level, which outranks the plugin's own. */
  readonly isolation: IsolationLevel | undefined;
}

/** What stands in for a plugin that does not simply serve: its gate, and the generation whose routes it had last. */
export interface StandIn {
  readonly gate: Gate<Generation>;
  readonly last: Generation;
}

/** The first minutes of a generation: the one before it is kept warm, to return to by one assignment. */
export interface Probation {
  readonly candidate: Generation;
  readonly previous: Generation;
  /** Ends the watch; `previous` is stopped unless it serves again. */
  conclude(reason: string): void;
}

/** What is being done to a plugin; at most one thing at a time. */
export type SlotOperation = 'start' | 'replace' | 'remove';

/** One installed plugin: all its living generations, who is served by which, and what was there before. */
export class PluginSlot {
  readonly name: string;
  readonly history: History;
  wish: SlotWish;
  operation: SlotOperation | undefined;
  /** Why nothing serves; cleared by the next publish. */
  failure: WireError | undefined;
  /** The plugin it cannot start without; it is tried again when that one becomes active. */
  needs: { readonly plugin: string; readonly isInstalled: boolean } | undefined;
  loadedAt: number | undefined;
  lastReloadAt: number | undefined;
  reloadCount = 0;
  /** How often it went back, by reason. */
  rollbacks: Readonly<Record<string, number>> = {};
  /** What became of the calls of generations that are gone. */
  past = { requests: 0, errors: 0, faults: 0 };
  health: PluginStatus['health'] = { status: 'unknown', reason: undefined, checkedAt: 0 };
  /** Holds arrivals back while the plugin changes hands; written by the exclusive swap alone. */
  parking: StandIn | undefined;
  /** Why the plugin gets no calls although it is enabled; written by recovery alone. */
  outage: StandIn | undefined;
  /** The watch over the newest generation, while it lasts. */
  probation: Probation | undefined;
  /** How long the calls of generations that are gone took. */
  readonly pastDurations = new DurationHistogram();
  /** Drains and stops that go on behind the scenes. */
  readonly #endings = new Set<Promise<unknown>>();
  readonly #generations = new Map<number, Generation>();
  #assignment: Assignment = emptyAssignment;
  #view: SlotView<Generation> | undefined;
  #lastNumber: number;
  #publicSince = Date.now();
  #lastPublic: PublicState = 'loading';

  constructor(name: string, wish: SlotWish, history: History) {
    this.name = name;
    this.wish = wish;
    this.history = history;
    // Numbers go on over a restart, else two generations of a history would have the same.
    this.#lastNumber = history.lastGeneration;
  }

  get assignment(): Assignment {
    return this.#assignment;
  }

  get generations(): ReadonlyMap<number, Generation> {
    return this.#generations;
  }

  /** The generation that serves whoever is not assigned elsewhere. */
  get current(): Generation | undefined {
    return this.#assignment.default === undefined ? undefined : this.#generations.get(this.#assignment.default);
  }

  get publicState(): PublicState {
    return publicStateOf({
      isEnabled: this.wish.isEnabled,
      isServing: this.current?.state === 'active',
      operation: this.operation,
      isParked: this.parking !== undefined,
      isWaiting: this.needs?.isInstalled === true,
    });
  }

  /** The last public state that `notePublicState` saw, and since when it stands. */
  get noted(): { readonly state: PublicState; readonly since: number } {
    return { state: this.#lastPublic, since: this.#publicSince };
  }

  /** Compares the public state with the one noted last. @returns the move, if there was one */
  notePublicState(): { readonly from: PublicState; readonly to: PublicState } | undefined {
    const from = this.#lastPublic;
    const to = this.publicState;
    if (from === to) return undefined;
    this.#lastPublic = to;
    this.#publicSince = Date.now();
    return { from, to };
  }

  countRollback(reason: string): void {
    this.rollbacks = { ...this.rollbacks, [reason]: (this.rollbacks[reason] ?? 0) + 1 };
  }

  nextNumber(): number {
    return ++this.#lastNumber;
  }

  add(generation: Generation): void {
    this.#generations.set(generation.number, generation);
  }

  /** Lets `whenEnded` wait for an ending that nobody else awaits; it must not reject. */
  track(ending: Promise<unknown>): void {
    this.#endings.add(ending);
    void ending.finally(() => this.#endings.delete(ending));
  }

  /** Resolves when no generation is being drained or stopped behind the scenes any more. */
  async whenEnded(): Promise<void> {
    while (this.#endings.size > 0) await Promise.all(this.#endings);
  }

  /** Takes a generation out that nobody is assigned to any more. */
  remove(generation: Generation): void {
    if (!this.#generations.delete(generation.number)) return;
    // Else the last view that was asked for would keep the generation in memory.
    this.#view = undefined;
    this.pastDurations.merge(generation.durations);
    const { requests, errors, faults } = this.past;
    this.past = {
      requests: requests + generation.requests,
      errors: errors + generation.errors,
      faults: faults + generation.faults,
    };
    this.#assignment = withDefault(this.#assignment, this.#assignment.default, new Set(this.#generations.keys()));
  }

  assign(defaultGeneration: number | undefined): void {
    this.#assignment = withDefault(this.#assignment, defaultGeneration, new Set(this.#generations.keys()));
  }

  /** The slot as the routing table sees it: only what somebody is assigned to. The same object until that changes. */
  view(): SlotView<Generation> {
    if (this.#view?.assignment !== this.#assignment || this.#view.gate !== this.gate) {
      this.#view = this.viewUnder(this.#assignment);
    }
    return this.#view;
  }

  /** The view if `generation` became the default. */
  viewWith(generation: number | undefined): SlotView<Generation> {
    return this.viewUnder(withDefault(this.#assignment, generation, new Set(this.#generations.keys())));
  }

  /** What stands in front of the plugin; a change of it takes effect with the next publish. */
  get gate(): Gate<Generation> | undefined {
    return this.operation === 'remove' ? unloadingGate : (this.parking ?? this.outage)?.gate;
  }

  /** The view if `assignment` held. */
  viewUnder(assignment: Assignment): SlotView<Generation> {
    const assigned = assignedGenerations(assignment);
    const generations = new Map([...this.#generations].filter(([number]) => assigned.has(number)));
    // Nobody serves, but its routes must go on to be matched: the gate answers there.
    const last = (this.parking ?? this.outage)?.last;
    if (generations.size === 0 && last !== undefined) generations.set(last.number, last);
    return createSlotView({ name: this.name, gate: this.gate, assignment, generations });
  }
}
