import type { Logger, MaybePromise } from '@hotswap/sdk';
import { messageOf } from '@hotswap/protocol';
import type { HostClock } from './system-clock.ts';

/** Periodic work of one generation. */
export interface TaskSpec {
  readonly plugin: string;
  readonly name: string;
  readonly everyMs: number;
  /** Takes a lease on its generation for as long as it runs. */
  readonly run: (signal: AbortSignal) => MaybePromise<void>;
}

/** A task that is scheduled. */
export interface ScheduledTask {
  /** No more runs. One that is under way goes on; with a reason its signal is aborted. May be called again. */
  stop(reason?: unknown): void;
}

/** What became of the runs of one task, over all its generations. */
export interface TaskCounts {
  readonly runs: number;
  readonly failed: number;
  /** Runs left out because the one before was still going. */
  readonly skipped: number;
}

/**
 * Runs tasks at their intervals: first after one interval, never twice at a time, and in the same rhythm when the next
 * generation takes a task over (else a task of an hour would never run in a plugin that is swapped more often).
 */
export class TaskScheduler {
  readonly #clock: Pick<HostClock, 'now' | 'after'>;
  readonly #log: Logger;
  readonly #histories = new Map<string, Map<string, TaskHistory>>();

  constructor(options: { readonly clock: Pick<HostClock, 'now' | 'after'>; readonly log: Logger }) {
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Starts a task, at publish. Stop the previous generation's task of that name first. */
  schedule(task: TaskSpec): ScheduledTask {
    const history = this.#historyOf(task);
    const abort = new AbortController();
    let cancel = (): void => {};
    const arm = (): void => {
      cancel = this.#clock.after(history.nextAt - this.#clock.now(), tick);
    };
    const tick = (): void => {
      history.nextAt = nextMoment(history.nextAt, task.everyMs, this.#clock.now());
      arm();
      void this.#run(task, history, abort.signal);
    };
    arm();
    return {
      stop: (reason) => {
        cancel();
        if (reason !== undefined) abort.abort(reason);
      },
    };
  }

  counts(plugin: string, name: string): TaskCounts {
    const { runs = 0, failed = 0, skipped = 0 } = this.#histories.get(plugin)?.get(name) ?? {};
    return { runs, failed, skipped };
  }

  /** Forgets rhythm and counts of a plugin, once it is unloaded or disabled. */
  forget(plugin: string): void {
    this.#histories.delete(plugin);
  }

  async #run(task: TaskSpec, history: TaskHistory, signal: AbortSignal): Promise<void> {
    if (history.isRunning) {
      history.skipped++;
      return;
    }
    history.isRunning = true;
    history.runs++;
    try {
      await task.run(signal);
    } catch (error) {
      history.failed++;
      this.#log.error({ plugin_name: task.plugin, task: task.name, error: messageOf(error) }, 'task failed');
    } finally {
      history.isRunning = false;
    }
  }

  #historyOf({ plugin, name, everyMs }: TaskSpec): TaskHistory {
    const tasks = this.#histories.get(plugin) ?? new Map<string, TaskHistory>();
    this.#histories.set(plugin, tasks);
    const nextAt = this.#clock.now() + everyMs;
    const history = tasks.get(name) ?? { everyMs, nextAt, runs: 0, failed: 0, skipped: 0, isRunning: false };
    tasks.set(name, history);
    // A new interval begins a new rhythm; counts, and the fact that a run is under way, go on.
    if (history.everyMs !== everyMs) Object.assign(history, { everyMs, nextAt });
    return history;
  }
}

interface TaskHistory {
  everyMs: number;
  nextAt: number;
  isRunning: boolean;
  runs: number;
  failed: number;
  skipped: number;
}

/** The next moment of the rhythm that is still to come; moments that were missed are not made up for. */
function nextMoment(due: number, everyMs: number, now: number): number {
  const missed = Math.max(0, Math.floor((now - due) / everyMs));
  return due + (missed + 1) * everyMs;
}
