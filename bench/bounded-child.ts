import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { BenchContext } from './bench-row.ts';
import type { AnswerMessage, CommandMessage, Commands } from './child-commands.ts';

/** A process of its own that answers commands, each within a time. */
export interface BoundedChild<Known extends Commands> extends AsyncDisposable {
  readonly pid: number;
  /** Settles with the exit code or the signal's name, also when the child is stopped. */
  readonly exited: Promise<string>;
  /** Rejects when the child fails, exits or takes longer than `limitMs`; default 60,000. */
  call<Name extends keyof Known & string>(
    name: Name,
    input: Parameters<Known[Name]>[0],
    limitMs?: number,
  ): Promise<Awaited<ReturnType<Known[Name]>>>;
  stop(): Promise<void>;
}

export interface ChildOptions {
  /** The core it is pinned to, where `taskset` is there and there is more than one core. */
  readonly core?: 0 | 1;
  /** Further flags of node. */
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

const canPin = availableParallelism() > 1 && spawnSync('taskset', ['-c', '0', 'true']).status === 0;
const startLimitMs = 30_000;

/** Words for the table: how the processes of a row were placed. */
export const placement = canPin ? 'server on core 0, load on core 1' : 'not pinned: no taskset, or one core';

/** A command line that runs on one core, where that can be had. */
export function pinned(core: 0 | 1 | undefined, command: readonly string[]): readonly string[] {
  return core !== undefined && canPin ? ['taskset', '-c', String(core), ...command] : command;
}

/** Starts `children/<program>.ts` and waits until it listens to commands. */
export async function startChild<Known extends Commands>(
  context: BenchContext,
  program: string,
  options: ChildOptions = {},
): Promise<BoundedChild<Known>> {
  const file = join(import.meta.dirname, program);
  const node = [process.execPath, '--conditions=@hotswap/source', '--expose-gc', ...(options.flags ?? []), file];
  const [command = '', ...args] = pinned(options.core, node);
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production', ...options.environment },
  });
  const bounded = new ChildOverIpc<Known>(context, child, program);
  await bounded.started;
  return bounded;
}

class ChildOverIpc<Known extends Commands> implements BoundedChild<Known> {
  readonly pid: number;
  readonly exited: Promise<string>;
  readonly started: Promise<unknown>;
  readonly #child: ChildProcess;
  readonly #program: string;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #lastWords = '';

  constructor({ scope }: BenchContext, child: ChildProcess, program: string) {
    this.#child = child;
    this.#program = program;
    this.pid = child.pid ?? 0;
    if (this.pid > 0) scope.addChild(this.pid);
    this.exited = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(signal ?? String(code)));
    });
    void this.exited.then((how) => {
      scope.forgetChild(this.pid);
      const error = new Error(`${program} ended (${how}): ${this.#lastWords.trim() || 'it said nothing'}`);
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-2_000);
    });
    child.on('message', (message) => this.#settle(message as AnswerMessage));
    this.started = this.#answerTo(0, startLimitMs);
  }

  async call<Name extends keyof Known & string>(
    name: Name,
    input: Parameters<Known[Name]>[0],
    limitMs = 60_000,
  ): Promise<Awaited<ReturnType<Known[Name]>>> {
    const id = ++this.#lastId;
    const answer = this.#answerTo(id, limitMs);
    if (this.#child.connected) this.#child.send({ id, name, input } satisfies CommandMessage);
    // What comes over the channel was made by the function of this type.
    return (await answer) as Awaited<ReturnType<Known[Name]>>;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #answerTo(id: number, limitMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const tooLong = () =>
        reject(new Error(`${this.#program} did not answer within ${limitMs} ms: ${this.#lastWords}`));
      const timer = setTimeout(tooLong, limitMs);
      const settled =
        <Value>(settle: (value: Value) => void) =>
        (value: Value): void => {
          clearTimeout(timer);
          this.#waiting.delete(id);
          settle(value);
        };
      this.#waiting.set(id, { resolve: settled(resolve), reject: settled(reject) });
      if (this.#child.exitCode !== null) reject(new Error(`${this.#program} has ended`));
    });
  }

  #settle({ id, answer, error }: AnswerMessage): void {
    const waiting = this.#waiting.get(id);
    if (error === undefined) waiting?.resolve(answer);
    else waiting?.reject(new Error(`${this.#program}: ${error}`));
  }
}
