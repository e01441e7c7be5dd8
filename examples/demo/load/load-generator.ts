import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { on } from 'node:events';
import type { Expectation, FromLoad, LoadResult, RequestCounts, ToLoad } from './load-messages.ts';

const replyLimitMs = 30_000;

/** The load as the demo sees it: what it expects is told, what came of the requests is asked. */
export class LoadGenerator implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended = new AbortController();

  constructor(options: {
    readonly port: number;
    readonly requestsPerSecond: number;
    readonly onProgress: (counts: RequestCounts) => void;
  }) {
    const args = [options.port, options.requestsPerSecond].map(String);
    this.#child = fork(new URL('./load-process.ts', import.meta.url), args, { execArgv: [] });
    this.#child.on('message', (message: FromLoad) => {
      if (message.type === 'progress') options.onProgress(message.counts);
    });
    this.#child.once('exit', (code, signal) => {
      this.#ended.abort(new Error(`the load ended before it was asked to: ${signal ?? `exit code ${code}`}`));
    });
  }

  /** Resolves when every request from now on is held against it. */
  async expect(expectation: Expectation): Promise<void> {
    await this.#ask({ type: 'expect', expectation }, 'expecting');
  }

  /** Lets the requests under way end and returns what came of all of them. */
  async finish(): Promise<LoadResult> {
    const { result } = await this.#ask({ type: 'finish' }, 'result');
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
  }

  async #ask<Type extends FromLoad['type']>(question: ToLoad, reply: Type): Promise<Extract<FromLoad, { type: Type }>> {
    const signal = AbortSignal.any([this.#ended.signal, AbortSignal.timeout(replyLimitMs)]);
    const messages = on(this.#child, 'message', { signal });
    this.#child.send(question);
    for await (const [message] of messages as AsyncIterable<readonly [FromLoad]>) {
      if (isOfType(message, reply)) return message;
    }
    throw new Error('the load said nothing more');
  }
}

function isOfType<Type extends FromLoad['type']>(
  message: FromLoad,
  type: Type,
): message is Extract<FromLoad, { type: Type }> {
  return message.type === type;
}
