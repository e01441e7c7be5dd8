import { writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

/** How long a process that has closed everything may still be kept by what was left open. */
const lingerMs = 1_000;

/**
 * Ends the process by SIGKILL when the time is up. Nothing lifts it: it ends with the process. The last line of the log
 * says so.
 *
 * It runs in a thread of its own, so that a plugin that never gives the main thread back does not delay it; for the
 * same reason it writes to standard error itself, as JSON, where the log may be waiting for that thread.
 */
export function startDeadline(milliseconds: number): void {
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
}

/**
 * Ends the process with its exit code once it has lingered. One with nothing left to do is gone before that: what keeps
 * it is a handle that nobody closed, such as a server that a plugin opened behind the back of `ctx`.
 */
export function leaveSoon(): void {
  const timer = setTimeout(() => {
    const open = new Set(process.getActiveResourcesInfo());
    // Standard output is among them where it is a pipe or a terminal, and keeps nothing.
    const others = [...open].filter((type) => type !== 'PipeWrap' && type !== 'TTYWrap');
    const left = others.length > 0 ? others : [...open];
    const message = `the process ended itself: everything was closed, and ${left.join(', ')} kept it; a plugin left something open`;
    const line = { level: 'WARNING', left, msg: message, message, timestamp: new Date().toISOString() };
    try {
      writeSync(2, `${JSON.stringify(line)}\n`);
    } finally {
      process.exit();
    }
  }, lingerMs);
  timer.unref();
}
