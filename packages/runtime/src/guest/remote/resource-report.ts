import type { Channel } from '../../channel/channel.ts';
import { createSystemClock } from '../../host-services/system-clock.ts';

/** How long a change may go unreported: a plugin may set a timer for each request. */
const quietMs = 100;

/** Tells the host what the generation holds, so that it can say so without asking. */
export class ResourceReport {
  readonly #channel: Channel;
  readonly #counts: () => Readonly<Record<string, number>>;
  readonly #clock = createSystemClock();
  #last = '{}';
  #isPlanned = false;

  constructor(channel: Channel, counts: () => Readonly<Record<string, number>>) {
    this.#channel = channel;
    this.#counts = counts;
  }

  changed(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#clock.after(quietMs, () => {
      this.#isPlanned = false;
      this.flush();
    });
  }

  /** Tells now, if there is anything new. */
  flush(): void {
    const counts = this.#counts();
    const text = JSON.stringify(counts);
    if (text === this.#last) return;
    this.#last = text;
    this.#channel.tell(['resources', counts]);
  }
}
