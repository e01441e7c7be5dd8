import type { EndFailure, Isolate, IsolateStart } from '@hotswap/runtime';

/** The endings that a caller asked for before there was anything to end. */
type Ending = Parameters<Isolate['stop']>;

/**
 * An isolate whose implementation is imported when it is loaded: a host without such plugins loads nothing of gRPC.
 */
export class LateIsolate implements Isolate {
  readonly level: Isolate['level'];
  readonly unconfined?: string;
  readonly usage?: NonNullable<Isolate['usage']>;
  readonly #make: () => Promise<Isolate>;
  #made: Isolate | undefined;
  #ending: Ending | undefined;

  /** @param unconfined What its program may do although the level says otherwise; undefined: it is confined. */
  constructor(level: Isolate['level'], unconfined: string | undefined, make: () => Promise<Isolate>) {
    this.level = level;
    this.#make = make;
    if (unconfined !== undefined) this.unconfined = unconfined;
    // Of a program that nothing confines it is not measured what it uses.
    else this.usage = async () => this.#isLoaded().usage?.() ?? Promise.reject(new Error('nothing is measured'));
  }

  async load(start: IsolateStart): ReturnType<Isolate['load']> {
    const made = await this.#make();
    this.#made = made;
    if (this.#ending !== undefined) await made.stop(...this.#ending);
    return made.load(start);
  }

  start(...given: Parameters<Isolate['start']>): ReturnType<Isolate['start']> {
    return this.#isLoaded().start(...given);
  }

  health(): ReturnType<Isolate['health']> {
    return this.#isLoaded().health();
  }

  configure(...given: Parameters<Isolate['configure']>): ReturnType<Isolate['configure']> {
    return this.#isLoaded().configure(...given);
  }

  exportState(version?: number): ReturnType<Isolate['exportState']> {
    return this.#isLoaded().exportState(version);
  }

  rehearseState(...given: Parameters<Isolate['rehearseState']>): ReturnType<Isolate['rehearseState']> {
    return this.#isLoaded().rehearseState(...given);
  }

  resources(): Readonly<Record<string, number>> {
    return this.#made?.resources() ?? {};
  }

  layers(): ReturnType<NonNullable<Isolate['layers']>> {
    return this.#made?.layers?.() ?? [];
  }

  async stop(...ending: Ending): Promise<readonly EndFailure[]> {
    this.#ending = ending;
    return this.#made?.stop(...ending) ?? [];
  }

  #isLoaded(): Isolate {
    if (this.#made === undefined) throw new Error('the isolate was not loaded');
    return this.#made;
  }
}
