import { Worker } from 'node:worker_threads';

/**
 * Ends the process by SIGKILL when the time is up, unless it is lifted before.
 *
 * It runs in a thread of its own, so that a plugin that never gives the main thread back does not delay it.
 */
export function startDeadline(milliseconds: number): { lift(): Promise<void> } {
  const code = `setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${Math.ceil(milliseconds)})`;
  const thread = new Worker(code, { eval: true, execArgv: [] });
  // Waiting for the end must not be what keeps the process from ending.
  thread.unref();
  return {
    lift: async () => {
      await thread.terminate();
    },
  };
}
