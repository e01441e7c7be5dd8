import type { Logger } from '@hotswap/sdk';
import type { StuckThread } from '../status.ts';

/** The process as far as its end goes. */
export interface EndingProcess {
  on(event: 'exit', listener: (code: number) => void): unknown;
  off(event: 'exit', listener: (code: number) => void): unknown;
  /** Ends the process now, whatever its threads are doing. */
  kill(): void;
}

const thisProcess: EndingProcess = {
  on: (event, listener) => process.on(event, listener),
  off: (event, listener) => process.off(event, listener),
  kill: () => process.kill(process.pid, 'SIGKILL'),
};

/**
 * Lets the process end although threads of it are stuck. Node waits for every thread when a process ends, by
 * `process.exit` or because nothing is left to do; with a stuck one it would wait for ever. So the last thing that
 * runs before that wait ends the process by SIGKILL. Its exit code is lost: the log says what it was.
 */
export class ProcessEnd {
  readonly #log: Logger;
  readonly #stuck: () => readonly StuckThread[];
  readonly #process: EndingProcess;

  constructor(
    parts: { readonly log: Logger; readonly stuck: () => readonly StuckThread[] },
    ending: EndingProcess = thisProcess,
  ) {
    this.#log = parts.log;
    this.#stuck = parts.stuck;
    this.#process = ending;
  }

  /** A thread got stuck. From now on this stands behind every other listener that hears of the exit. */
  arm(): void {
    this.#process.off('exit', this.#onExit);
    this.#process.on('exit', this.#onExit);
  }

  readonly #onExit = (exitCode: number): void => {
    const stuck = this.#stuck();
    if (stuck.length === 0) return;
    this.#log.error(
      { exit_code: exitCode, stuck },
      `the process ended itself with SIGKILL: ${stuck.length} of its threads cannot be ended, and Node would wait for them`,
    );
    this.#process.kill();
  };
}
