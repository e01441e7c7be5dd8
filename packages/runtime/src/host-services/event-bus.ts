import type { Clock, Logger, MaybePromise, PluginEvent } from '@hotswap/sdk';
import { messageOf } from '@hotswap/protocol';
import { fail } from '../errors.ts';
import { copyValue } from './value-copy.ts';

/** One generation's wish to be told of an event. */
export interface Subscription {
  /** The plugin's name, or `host`. */
  readonly plugin: string;
  readonly generation: number;
  /** An event's name, or its beginning followed by `*`. */
  readonly event: string;
  /** Takes a lease on its generation for as long as it runs. */
  readonly handler: (event: PluginEvent) => MaybePromise<void>;
}

/** What became of the events of one plugin's subscriptions, since the bus was made. */
export interface EventCounts {
  readonly delivered: number;
  readonly failed: number;
  /** Pushed out of a full queue, or thrown away with it. */
  readonly dropped: number;
}

export interface EventBusOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Logger;
  /** Events one subscriber may have waiting; default 1,000. */
  readonly queueLimit?: number;
  /** Bytes that all queues of one plugin may hold, as far as payloads are weighed; default 64 MB. */
  readonly bytesLimit?: number;
  /** Each subscriber gets a frozen copy of the payload; default false. */
  readonly copyValues?: boolean;
}

/** How many events one subscriber handles before others get their turn of the loop. */
const batchSize = 100;

/**
 * Events inside and between plugins: in memory, at most once. Each subscriber has one queue and handles one event at a
 * time, so that it sees the events of each publisher in their order. An event belongs to the generations that are
 * subscribed when it is emitted; a later subscriber does not see it.
 */
export class EventBus {
  readonly #options: EventBusOptions;
  readonly #queues = new Set<SubscriberQueue>();
  readonly #counts = new Map<string, MutableCounts>();

  constructor(options: EventBusOptions) {
    this.#options = options;
  }

  /**
   * Attaches a subscription, at publish. The returned function detaches it, at drain: what is queued is still
   * delivered; see `idle` and `discard`.
   *
   * @throws EVENT_NAME_INVALID
   */
  subscribe(subscription: Subscription): () => void {
    const { event, plugin } = subscription;
    if (event === '' || event.slice(0, -1).includes('*'))
      throw fail('EVENT_NAME_INVALID', { name: JSON.stringify(event) });
    const queue = new SubscriberQueue(subscription, this.#countsOf(plugin), this.#options);
    this.#queues.add(queue);
    this.#takeOver(queue);
    return () => {
      queue.isAttached = false;
      void queue.idle().then(() => {
        queue.discard();
        this.#queues.delete(queue);
      });
    };
  }

  /**
   * Queues an event for every subscriber. It never waits for a handler and never throws what one throws.
   *
   * @param source the emitting plugin's name, or `host`
   * @param weight what the payload takes in memory, in bytes, where that is known
   * @throws EVENT_NAME_INVALID, and VALUE_NOT_CLONEABLE where values are copied
   */
  async emit(source: string, name: string, payload?: unknown, weight = 0): Promise<void> {
    if (name === '' || name.includes('*')) throw fail('EVENT_NAME_INVALID', { name: JSON.stringify(name) });
    const at = this.#options.clock.now();
    for (const queue of this.#queues) {
      if (!queue.isAttached || !matches(queue.subscription.event, name)) continue;
      const given = this.#options.copyValues === true ? copyValue(payload, name) : payload;
      queue.push({ event: { name, payload: given, source, at }, weight });
    }
  }

  /** Resolves when a generation has handled all that was queued for it. The caller bounds the wait. */
  async idle(plugin: string, generation: number): Promise<void> {
    await Promise.all(this.#queuesOf(plugin, generation).map((queue) => queue.idle()));
  }

  /** Holds the events of a plugin back: the handlers under way finish, and what waits goes to the generation that comes. */
  park(plugin: string, generation: number): void {
    for (const queue of this.#queuesOf(plugin, generation)) queue.park();
  }

  /** The hand-over was given up: the generation goes on with what waited. */
  unpark(plugin: string, generation: number): void {
    for (const queue of this.#queuesOf(plugin, generation)) queue.unpark();
  }

  /** A new generation's subscription goes on where the parked one of the same event stood. */
  #takeOver(successor: SubscriberQueue): void {
    const { plugin, event } = successor.subscription;
    for (const queue of this.#queues) {
      const { subscription } = queue;
      if (queue === successor || subscription.plugin !== plugin || subscription.event !== event) continue;
      for (const waiting of queue.takeParked()) successor.push(waiting);
    }
  }

  /** Throws away what still waits for a generation; counted as dropped. */
  discard(plugin: string, generation: number): void {
    for (const queue of this.#queuesOf(plugin, generation)) queue.discard();
  }

  counts(plugin: string): EventCounts {
    const { delivered = 0, failed = 0, dropped = 0 } = this.#counts.get(plugin) ?? {};
    return { delivered, failed, dropped };
  }

  #queuesOf(plugin: string, generation: number): SubscriberQueue[] {
    return [...this.#queues].filter(
      ({ subscription }) => subscription.plugin === plugin && subscription.generation === generation,
    );
  }

  #countsOf(plugin: string): MutableCounts {
    const known = this.#counts.get(plugin);
    if (known !== undefined) return known;
    const counts = { delivered: 0, failed: 0, dropped: 0, heldBytes: 0 };
    this.#counts.set(plugin, counts);
    return counts;
  }
}

/** Those of all queues of one plugin. */
type MutableCounts = { -readonly [Name in keyof EventCounts]: number } & {
  /** What waits in them. */
  heldBytes: number;
};

interface Waiting {
  readonly event: PluginEvent;
  readonly weight: number;
}

/** What waits for one subscriber, and the one place that hands it over. */
class SubscriberQueue {
  readonly subscription: Subscription;
  isAttached = true;
  readonly #counts: MutableCounts;
  readonly #options: EventBusOptions;
  #waiting: Waiting[] = [];
  #isParked = false;
  #running: Promise<void> | undefined;

  constructor(subscription: Subscription, counts: MutableCounts, options: EventBusOptions) {
    this.subscription = subscription;
    this.#counts = counts;
    this.#options = options;
  }

  /** No further event is handed over until `unpark`, or until a successor takes what waits. */
  park(): void {
    this.#isParked = true;
  }

  unpark(): void {
    this.#isParked = false;
    this.#begin();
  }

  /** What a parked queue holds, once: it is empty then. */
  takeParked(): readonly Waiting[] {
    if (!this.#isParked) return [];
    const taken = this.#waiting.splice(0);
    for (const { weight } of taken) this.#counts.heldBytes -= weight;
    return taken;
  }

  push(waiting: Waiting): void {
    const { queueLimit = 1_000, bytesLimit = 67_108_864 } = this.#options;
    const { weight } = waiting;
    const isFull = (): boolean =>
      this.#waiting.length >= queueLimit || (weight > 0 && this.#counts.heldBytes + weight > bytesLimit);
    while (isFull() && this.#next() !== undefined) this.#counts.dropped++;
    // Others of its plugin hold all that it may hold.
    if (isFull()) {
      this.#counts.dropped++;
      return;
    }
    this.#counts.heldBytes += weight;
    this.#waiting.push(waiting);
    this.#begin();
  }

  /** Takes the oldest out. */
  #next(): PluginEvent | undefined {
    const oldest = this.#waiting.shift();
    if (oldest !== undefined) this.#counts.heldBytes -= oldest.weight;
    return oldest?.event;
  }

  #begin(): void {
    if (this.#waiting.length === 0 || this.#isParked || this.#running !== undefined) return;
    this.#running = this.#run();
  }

  async idle(): Promise<void> {
    await this.#running;
  }

  discard(): void {
    while (this.#next() !== undefined) this.#counts.dropped++;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#isParked) {
      // A turn of the loop each: neither the publisher nor other subscribers wait for this one.
      await new Promise<void>((resolve) => void setImmediate(resolve));
      await this.#deliver(batchSize);
    }
    this.#running = undefined;
  }

  async #deliver(most: number): Promise<void> {
    for (let done = 0; done < most; done++) {
      const event = this.#isParked ? undefined : this.#next();
      if (event === undefined) return;
      try {
        const answer = this.subscription.handler(event);
        if (answer !== undefined) await answer;
        this.#counts.delivered++;
      } catch (error) {
        this.#counts.failed++;
        const { plugin, generation } = this.subscription;
        this.#options.log.error(
          { plugin_name: plugin, generation, event: event.name, source: event.source, error: messageOf(error) },
          'event handler failed',
        );
      }
    }
  }
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}
