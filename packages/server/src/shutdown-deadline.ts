import { Worker } from 'node:worker_threads';

/**
 * Ends the process by SIGKILL when the time is up, unless it is lifted before. The last line of the log says so.
 *
 * It runs in a thread of its own, so that a plugin that never gives the main thread back does not delay it; for the
 * same reason it writes to standard error itself, as JSON, where the log may be waiting for that thread.
 */
export function startDeadline(milliseconds: number): { lift(): Promise<void> } {
  const limitMs = Math.ceil(milliseconds);
  const message = `the process ended itself with SIGKILL: it had not shut down within ${limitMs} ms`;
  const line = { level: 'CRITICAL', limit_ms: limitMs, msg: message, message };
  const code = `setTimeout(() => {
    const line = { ...${JSON.stringify(line)}, timestamp: new Date().toISOString() };
    try {
      require('node:fs').writeSync(2, JSON.stringify(line) + '\\n');
    } finally {
      process.kill(process.pid, 'SIGKILL');
    }
  }, ${limitMs})`;
  const thread = new Worker(code, { eval: true, execArgv: [] });
  // Waiting for the end must not be what keeps the process from ending.
  thread.unref();
  return {
    lift: async () => {
      await thread.terminate();
    },
  };
}
