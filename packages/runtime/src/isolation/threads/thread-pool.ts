import type { Logger } from '@hotswap/sdk';
import { GuestCode } from './guest-code.ts';
import { StuckCensus } from '../places/stuck-census.ts';
import { ThreadWatch } from './thread-watch.ts';
import type { Place, PlaceOwner, PlacePool } from '../places/place.ts';
import { WorkerThread } from './worker-thread.ts';
import type { HostClock } from '../../host-services/system-clock.ts';
import type { StuckThread, ThreadsStatus } from '../../status.ts';

/** What a pool is made with. */
export interface WorkerPoolOptions {
  /** Where the guest's entry file is; asked once, when the first thread is wanted. */
  readonly entry: () => Promise<GuestCode | URL>;
  /** How many warm threads wait for plugins, once the first was asked for. */
  readonly spares: number;
  /** The largest soft limit that a thread of this pool is meant for; default 256. */
  readonly memoryMB?: number;
  /** Flags of Node for the threads; nothing is inherited. */
  readonly execArgv?: readonly string[];
  readonly clock: Pick<HostClock, 'after'>;
  readonly log: Logger;
  /** Told of each thread that could not be ended. */
  readonly onStuck?: (thread: StuckThread) => void;
}

/** New spares are made when nobody has asked for a thread for so long: a swap has its moment to itself. */
const quietMs = 250;
/** Where V8's own limit lies, at least, and how far above the soft one. */
const leastBackstopMB = 1_024;
const backstopFactor = 4;

/** Threads for plugins, each used once, with warm ones in reserve. */
export class WorkerPool implements PlacePool {
  readonly #options: WorkerPoolOptions;
  readonly #census: StuckCensus;
  readonly #watch = new ThreadWatch();
  readonly #spares: WorkerThread[] = [];
  readonly #taken = new Set<WorkerThread>();
  #rehearsing: WorkerThread | undefined;
  #entry: Promise<GuestCode | URL> | undefined;
  #cancelRefill: (() => void) | undefined;
  #isClosed = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#census = new StuckCensus((thread) => {
      options.log.error({ ...thread }, 'a thread could not be ended and was abandoned; it may hold a core and memory');
      options.onStuck?.(thread);
    });
  }

  /** How many threads ever got stuck. */
  get stuckTotal(): number {
    return this.#census.stuckTotal;
  }

  status(): ThreadsStatus {
    return { alive: this.#taken.size, spares: this.#spares.length, stuck: this.#census.stuck };
  }

  /** What an operator must know, in sentences. */
  notices(): readonly string[] {
    return this.#census.stuck.map(
      ({ plugin, generation, reason }) =>
        `a thread of plugin ${plugin}, generation ${generation}, cannot be ended (${reason}): it holds a core and memory until the host restarts`,
    );
  }

  async take(owner?: PlaceOwner): Promise<Place> {
    this.#entry ??= this.#options.entry();
    const entry = await this.#entry;
    const backstopMB = this.#backstopFor(owner?.limits?.memoryMB);
    const index = this.#spares.findIndex((spare) => spare.backstopMB >= backstopMB);
    const thread = this.#spares.splice(index, index < 0 ? 0 : 1)[0] ?? this.#start(entry, backstopMB, false);
    this.#taken.add(thread);
    thread.onExit = undefined;
    thread.belongTo(owner);
    this.#planRefill(entry);
    return thread;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRefill?.();
    const rehearsing = this.#rehearsing === undefined ? [] : [this.#rehearsing];
    await Promise.all([...this.#spares, ...rehearsing, ...this.#taken].map((thread) => thread.terminate()));
  }

  #backstopFor(memoryMB = 0): number {
    return Math.max(leastBackstopMB, backstopFactor * Math.max(memoryMB, this.#options.memoryMB ?? 0));
  }

  #start(entry: GuestCode | URL, backstopMB: number, isSpare: boolean): WorkerThread {
    const { execArgv = [], clock } = this.#options;
    return new WorkerThread({
      entry,
      isSpare,
      backstopMB,
      execArgv,
      clock,
      census: this.#census,
      watch: this.#watch,
      onGone: (thread) => this.#forget(thread),
    });
  }

  #planRefill(entry: GuestCode | URL): void {
    this.#cancelRefill?.();
    const isFull = this.#options.spares <= this.#spares.length;
    if (this.#isClosed || (isFull && !isToCompile(entry))) return;
    this.#cancelRefill = this.#options.clock.after(quietMs, () => {
      if (isFull) this.#compile(entry);
      else this.#refill(entry);
    });
  }

  /** One at a time: making a thread holds the event loop up for a moment. */
  #refill(entry: GuestCode | URL): void {
    if (this.#isClosed) return;
    const spare = this.#start(entry, this.#backstopFor(), true);
    spare.beSpare();
    // A spare that ends by itself would end again: none is made in its place until the next is asked for.
    spare.onExit = ({ detail, lastLines }) =>
      this.#options.log.error({ detail, last_lines: lastLines }, 'a spare thread ended before it was used');
    this.#spares.push(spare);
    this.#planRefill(entry);
  }

  /** A pool without spares has one thread rehearse all the same: its compiled code makes every later start faster. */
  #compile(entry: GuestCode | URL): void {
    const thread = this.#start(entry, this.#backstopFor(), true);
    thread.beSpare();
    thread.onRehearsed = () => void thread.terminate();
    this.#rehearsing = thread;
  }

  #forget(thread: WorkerThread): void {
    this.#taken.delete(thread);
    if (this.#rehearsing === thread) this.#rehearsing = undefined;
    const index = this.#spares.indexOf(thread);
    if (index >= 0) this.#spares.splice(index, 1);
  }
}

function isToCompile(entry: GuestCode | URL): boolean {
  return entry instanceof GuestCode && !entry.isCompiled;
}
