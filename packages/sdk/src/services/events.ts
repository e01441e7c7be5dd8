/** One event as a subscriber sees it. */
export interface PluginEvent<Payload = unknown> {
  readonly name: string;
  readonly payload: Payload;
  /** Name of the plugin that emitted it, or `host`. */
  readonly source: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Handles one event after the other, in the order they were emitted. */
export type EventHandler<Payload = unknown> = (event: PluginEvent<Payload>) => void | Promise<void>;

/** Events inside and between plugins: in memory, at most once, in order for each publisher and subscriber. */
export interface Events {
  /** Subscribes until the generation ends. A subscription becomes live when the generation is published. */
  on<Payload = unknown>(name: string, handler: EventHandler<Payload>): void;
  /** Resolves when the event is queued for every subscriber, not when they have handled it. */
  emit(name: string, payload?: unknown): Promise<void>;
}
