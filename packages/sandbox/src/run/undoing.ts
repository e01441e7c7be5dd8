/** What undoes the steps of a launch, last first. Each runs once, also when another fails. */
export class Undoing {
  readonly #steps: (() => void | Promise<void>)[] = [];

  add(step: () => void | Promise<void>): void {
    this.#steps.push(step);
  }

  /** Never rejects: what cannot be undone now is removed by the next host. */
  async run(): Promise<void> {
    for (const step of this.#steps.splice(0).toReversed()) await Promise.try(step).catch(() => {});
  }
}
