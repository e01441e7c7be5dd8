import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type {
  FromSocketLoad,
  SocketLoadCounts,
  SocketLoadOptions,
  SocketLoadResult,
  ToSocketLoad,
} from './socket-messages.ts';

/** Open connections of many clients, in another process, while a test changes what answers them. */
export class SocketLoad implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #result = Promise.withResolvers<SocketLoadResult>();
  #counts: SocketLoadCounts = { open: 0, received: 0, resumed: 0, sentAway: 0, failed: 0 };

  /** Starts it; clients connect one after the other. */
  constructor(options: SocketLoadOptions) {
    this.#child = fork(new URL('./socket-process.ts', import.meta.url), { execArgv: [] });
    this.#result.promise.catch(() => undefined);
    this.#child.on('message', (message: FromSocketLoad) => {
      if (message.type === 'ready') this.#tell({ type: 'begin', options });
      else if (message.type === 'result') this.#result.resolve(message.result);
      else this.#counts = message.counts;
    });
    this.#child.once('exit', (code, signal) => {
      this.#result.reject(new Error(`the load ended before it was asked to: ${signal ?? code}`));
    });
  }

  get counts(): SocketLoadCounts {
    return this.#counts;
  }

  /** Sends no more, waits for the answers that are due, and lets everybody go. */
  async finish(): Promise<SocketLoadResult> {
    this.#tell({ type: 'finish' });
    return this.#result.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
  }

  #tell(message: ToSocketLoad): void {
    this.#child.send(message);
  }
}
