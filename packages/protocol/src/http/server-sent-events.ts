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

/** How a stream behaves while nothing happens, and at its end. */
export interface EventStreamOptions {
  /** Milliseconds after which a client that is let go shall come back; asked once for each stream. Default 1,000. */
  readonly retryMs?: () => number;
  /** Calls `beat` whenever the stream should show that it is alive. @returns what ends that */
  readonly onHeartbeat?: (beat: () => void) => () => void;
}

/**
 * Turns events into an answer of type `text/event-stream`.
 *
 * When `signal` is aborted the stream ends with a reconnect hint, so that a drained generation lets its clients go.
 * Between events a comment is sent at each heartbeat, so that nothing on the way takes the stream for dead.
 */
export function eventStream(
  events: AsyncIterable<EventFields>,
  signal: AbortSignal,
  options: EventStreamOptions = {},
): HotResponse {
  return new HotResponse(encodeEvents(events, signal, options), {
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

async function* encodeEvents(
  events: AsyncIterable<EventFields>,
  signal: AbortSignal,
  { retryMs = () => 1_000, onHeartbeat }: EventStreamOptions,
): AsyncGenerator<string> {
  const source = new EventSource(events, signal);
  const stopBeating = onHeartbeat?.(() => source.beat());
  try {
    for (;;) {
      const next = await source.next();
      if (next === 'let go') {
        yield `retry: ${retryMs()}\n\n`;
        return;
      }
      if (next === 'beat') yield ':\n\n';
      else if (next.done === true) return;
      else yield encodeEvent(next.value);
    }
  } finally {
    stopBeating?.();
    source.close();
  }
}

/** The author's events, between which heartbeats and the end of the stream come in. */
class EventSource {
  readonly #iterator: AsyncIterator<EventFields>;
  readonly #signal: AbortSignal;
  /** What the author gave and nobody has taken yet; `asked` while it is waited for. */
  #answer: { readonly result: IteratorResult<EventFields> } | { readonly error: unknown } | 'asked' | undefined;
  #isBeating = false;
  readonly #wake = (): void => this.#woken?.();
  #woken: (() => void) | undefined;

  constructor(events: AsyncIterable<EventFields>, signal: AbortSignal) {
    this.#iterator = events[Symbol.asyncIterator]();
    this.#signal = signal;
    // Before the author listens to it: what ends his wait must not end the stream as a failure.
    signal.addEventListener('abort', this.#wake, { once: true });
  }

  beat(): void {
    this.#isBeating = true;
    this.#wake();
  }

  async next(): Promise<IteratorResult<EventFields> | 'beat' | 'let go'> {
    this.#ask();
    while (this.#answer === 'asked' && !this.#isBeating && !this.#signal.aborted) await this.#more();
    const answer = this.#answer;
    const isBeating = this.#isBeating;
    this.#isBeating = false;
    if (this.#signal.aborted) return 'let go';
    if (typeof answer === 'object') {
      this.#answer = undefined;
      if ('error' in answer) throw answer.error;
      return answer.result;
    }
    return isBeating ? 'beat' : 'let go';
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#wake);
    // Neither awaited nor reported: an author's generator that hangs or fails must not hold the client it lets go.
    this.#iterator.return?.().then(undefined, () => undefined);
  }

  /** One question at a time; it stays open over heartbeats. */
  #ask(): void {
    if (this.#answer !== undefined || this.#signal.aborted) return;
    this.#answer = 'asked';
    const settle = (answer: { readonly result: IteratorResult<EventFields> } | { readonly error: unknown }): void => {
      this.#answer = answer;
      this.#wake();
    };
    this.#iterator.next().then(
      (result) => settle({ result }),
      (error: unknown) => settle({ error }),
    );
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#woken = resolve;
    });
  }
}

function singleLine(value: string): string {
  return value.replace(/[\r\n\0]+/g, ' ');
}
