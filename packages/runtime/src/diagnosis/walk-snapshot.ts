import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { fail } from '../errors.ts';
import type { WalkMessage, WalkResult } from './heap/found-retainer.ts';

const entry = fileURLToPath(new URL('./heap/walker-main.ts', import.meta.url));

export interface WalkOptions {
  /** The snapshot's file. */
  readonly path: string;
  /** Labels of the generations that are asked for. */
  readonly suspects: readonly string[];
  readonly signal: AbortSignal;
  readonly onProgress: (step: 'read' | 'walk', done: number) => void;
}

/**
 * Walks over a heap snapshot in a process of its own. Its arrays take about as much memory as the snapshot has bytes.
 *
 * @throws DIAGNOSIS_FAILED
 */
export async function walkSnapshot({ path, suspects, signal, onProgress }: WalkOptions): Promise<WalkResult> {
  const child = fork(entry, [path, ...suspects], {
    // What the host was started with, an inspector above all, is none of the child's business.
    execArgv: ['--no-warnings'],
    env: {},
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    signal,
    killSignal: 'SIGKILL',
  });
  const answer = Promise.withResolvers<WalkResult>();
  const failed = (problem: string): void => answer.reject(fail('DIAGNOSIS_FAILED', { problem }));
  child.on('message', (message: WalkMessage) => {
    if (message.type === 'progress') onProgress(message.step, message.done);
    else if (message.type === 'found') answer.resolve(message.found);
    else failed(message.message);
  });
  child.once('error', (error) => failed(error.message));
  child.once('exit', (code, killedBy) => failed(`the process that reads it ended with ${killedBy ?? code}`));
  const ended = new Promise((resolve) => child.once('close', resolve));
  try {
    return await answer.promise;
  } finally {
    await ended;
  }
}
