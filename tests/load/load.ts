import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { FromLoad, LoadOptions, LoadResult, ToLoad } from './load-messages.ts';

/** Requests of many kinds, sent from another process while a test changes what answers them. */
export class Load implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #result = Promise.withResolvers<LoadResult>();
  readonly #waiting = new Set<() => void>();
  #counts = { answered: 0, failed: 0 };

  private constructor(child: ChildProcess, options: LoadOptions) {
    this.#child = child;
    this.#result.promise.catch(() => undefined);
    child.on('message', (message: FromLoad) => {
      if (message.type === 'ready') this.#tell({ type: 'begin', options });
      else if (message.type === 'result') this.#result.resolve(message.result);
      else this.#counts = message;
      for (const look of this.#waiting) look();
    });
    child.once('exit', (code, signal) => {
      this.#result.reject(new Error(`the load ended before it was asked to: ${signal ?? code}`));
    });
  }

  /** Starts the load and resolves when the first answers have come. */
  static async begin(options: LoadOptions): Promise<Load> {
    const load = new Load(fork(new URL('./load-process.ts', import.meta.url), { execArgv: [] }), options);
    await load.answered(1);
    return load;
  }

  get counts(): { readonly answered: number; readonly failed: number } {
    return this.#counts;
  }

  /** Resolves when so many more requests were answered, or failed. */
  async answered(more: number): Promise<void> {
    const { answered, failed } = this.#counts;
    const goal = answered + failed + more;
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => void (this.#counts.answered + this.#counts.failed >= goal && resolve());
    this.#waiting.add(look);
    look();
    await Promise.race([promise, this.#result.promise]);
    this.#waiting.delete(look);
  }

  /** Lets requests under way end. */
  async finish(): Promise<LoadResult> {
    this.#tell({ type: 'finish' });
    return this.#result.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
  }

  #tell(message: ToLoad): void {
    this.#child.send(message);
  }
}
