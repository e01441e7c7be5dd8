import { HotResponse } from './response.ts';

/** One server-sent event as it is written. */
export interface EventFields {
  /** Text as it is; anything else as JSON. */
  readonly data: unknown;
  readonly event?: string;
  readonly id?: string;
  /** Milliseconds that the client waits before it connects again. */
  readonly retry?: number;
}

/**
 * Turns events into an answer of type `text/event-stream`.
 *
 * When `signal` is aborted the stream ends with a reconnect hint, so that a drained generation lets its clients go.
 */
export function eventStream(events: AsyncIterable<EventFields>, signal: AbortSignal): HotResponse {
  return new HotResponse(encodeEvents(events, signal), {
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
  });
}

/** One event in wire form. A line break never escapes its field. */
export function encodeEvent({ data, event, id, retry }: EventFields): string {
  let text = '';
  if (event !== undefined) text += `event: ${singleLine(event)}\n`;
  if (id !== undefined) text += `id: ${singleLine(id)}\n`;
  if (retry !== undefined && Number.isSafeInteger(retry) && retry >= 0) text += `retry: ${retry}\n`;
  const body = typeof data === 'string' ? data : (JSON.stringify(data) ?? '');
  for (const line of body.split(/\r\n|\r|\n/)) text += `data: ${line}\n`;
  return `${text}\n`;
}

async function* encodeEvents(events: AsyncIterable<EventFields>, signal: AbortSignal): AsyncGenerator<string> {
  const iterator = events[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await nextUnlessAborted(iterator, signal);
      if (next === undefined) {
        yield 'retry: 1000\n\n';
        return;
      }
      if (next.done) return;
      yield encodeEvent(next.value);
    }
  } finally {
    // Neither awaited nor reported: an author's generator that hangs or fails must not hold the client it lets go.
    iterator.return?.().then(undefined, () => undefined);
  }
}

function nextUnlessAborted(
  iterator: AsyncIterator<EventFields>,
  signal: AbortSignal,
): Promise<IteratorResult<EventFields> | undefined> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return resolve(undefined);
    const onAbort = (): void => resolve(undefined);
    signal.addEventListener('abort', onAbort, { once: true });
    iterator
      .next()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function singleLine(value: string): string {
  return value.replace(/[\r\n\0]+/g, ' ');
}
