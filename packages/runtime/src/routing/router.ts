import { buildRoutingTable, emptyTable, type Routable, type RoutingTable, type SlotView } from './routing-table.ts';

/** Holds the current routing table; the one place that replaces it. */
export class Router<G extends Routable> {
  /** Hears of each new table; written by whoever wires the runtime. */
  onPublish: (() => void) | undefined;
  #table: RoutingTable<G> = emptyTable();
  #version = 0;

  get table(): RoutingTable<G> {
    return this.#table;
  }

  /** Grows with every publish; lets a caller keep what it looked up until something changed. */
  get version(): number {
    return this.#version;
  }

  /**
   * Makes the table that `publish` would take, without taking it.
   *
   * @throws ROUTE_CONFLICT
   */
  prepare(slots: readonly SlotView<G>[]): RoutingTable<G> {
    return buildRoutingTable(this.#table, slots);
  }

  /** One assignment: requests that arrive from now on are routed by `table`. */
  publish(table: RoutingTable<G>): void {
    this.#table = table;
    this.#version++;
    this.onPublish?.();
  }
}
