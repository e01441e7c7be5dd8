import type { ChildProcess } from 'node:child_process';
import { Duplex, PassThrough, pipeline, Readable } from 'node:stream';
import { type KnownProcess, startOf } from './process-table.ts';

type ChildStream = ChildProcess['stdio'][number] | undefined;

/** A stream of a child that was asked for; an ended one where the child was never started. */
export function duplexOf(stream: ChildStream): Duplex {
  return stream instanceof Duplex ? stream : Duplex.from([]);
}

/**
 * What a child writes, kept until somebody reads it. Node throws away what is unread when a child ends, and a child may
 * have ended before whoever started it hears of it.
 */
export function keptOf(stream: ChildStream): Readable {
  const kept = new PassThrough();
  if (!(stream instanceof Readable)) return kept.end();
  // It ends as the child's own does, also when that is cut off.
  pipeline(stream, kept, () => kept.end());
  return kept;
}

/** The last 4 KB of what a stream gives until its end. */
export async function lastText(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream) text = `${text}${String(chunk)}`.slice(-4096);
  return text.trim();
}

/** Reads what bubblewrap tells of itself. Undefined: it ended before it had made the first process. */
export async function firstInside(stream: ChildStream): Promise<KnownProcess | undefined> {
  const status = duplexOf(stream);
  const line = await firstLine(status);
  // What it tells later is its exit code, which is known from elsewhere; it must never keep this process alive.
  if ('unref' in status && typeof status.unref === 'function') status.unref();
  if (line === undefined) return undefined;
  const told: unknown = JSON.parse(line);
  const pid = typeof told === 'object' && told !== null && 'child-pid' in told ? Number(told['child-pid']) : undefined;
  return pid === undefined ? undefined : { pid, start: await startOf(pid) };
}

/** The first line of what a stream gives; undefined where it ends before. */
export async function firstLine(stream: Readable): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
  });
  for (const event of ['end', 'close', 'error']) stream.once(event, () => resolve(undefined));
  return await promise;
}

/** How a child ended; a child that could not be started ended with code 127, as a shell says it. */
export async function endOf(
  child: ChildProcess,
): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly error?: string }> {
  const { promise, resolve } = Promise.withResolvers<{
    code: number | null;
    signal: NodeJS.Signals | null;
    error?: string;
  }>();
  child.once('exit', (code, signal) => resolve({ code, signal }));
  child.once('error', (error) => resolve({ code: 127, signal: null, error: error.message }));
  return await promise;
}
