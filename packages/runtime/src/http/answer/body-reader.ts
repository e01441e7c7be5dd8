import { bytesOf, isBlob, untouchedSource } from '@hotswap/protocol/http';
import type { BodyPayload } from '@hotswap/protocol/http';

/** A body that is sent part by part. */
export interface BodyReader {
  /** The next part; `undefined` at the end, or at once after `cancel`. */
  next(): Promise<Uint8Array | undefined>;
  /** Nobody wants the rest: lets the producer go. Harmless when called twice or after the end. */
  cancel(reason: unknown): void;
}

/** Reads any streamed payload. A request body that was never touched is read from its socket, without a web stream. */
export function readerOf(payload: BodyPayload): BodyReader {
  const source = untouchedSource(payload);
  if (source !== undefined) return iteratorReader(source.chunks());
  if (typeof payload === 'string' || payload instanceof Uint8Array) return iteratorReader(oneOf(bytesOf(payload)));
  if (isBlob(payload)) return streamReader(payload.stream());
  if ('getReader' in payload) return streamReader(payload);
  return iteratorReader('chunks' in payload ? payload.chunks() : payload);
}

function streamReader(stream: ReadableStream): BodyReader {
  const reader = stream.getReader();
  return {
    async next() {
      const { done, value } = await reader.read();
      return done ? undefined : bytesOf(value);
    },
    cancel: (reason) => ignoreOutcome(reader.cancel(reason)),
  };
}

function iteratorReader(parts: AsyncIterable<unknown>): BodyReader {
  const iterator = parts[Symbol.asyncIterator]();
  // A generator that waits cannot be interrupted: its reader is let go instead, and it ends when it wakes.
  let letGo: (() => void) | undefined;
  let isCancelled = false;
  return {
    next: () =>
      new Promise((resolve, reject) => {
        if (isCancelled) return resolve(undefined);
        letGo = () => resolve(undefined);
        iterator
          .next()
          .then(({ done, value }) => resolve(done ? undefined : bytesOf(value)))
          .catch(reject);
      }),
    cancel() {
      if (isCancelled) return;
      isCancelled = true;
      letGo?.();
      if (iterator.return) ignoreOutcome(iterator.return());
    },
  };
}

/** What a producer says while it is being let go reaches nobody: its answer has ended already. */
function ignoreOutcome(work: Promise<unknown>): void {
  work.then(undefined, () => undefined);
}

async function* oneOf(part: Uint8Array): AsyncGenerator<Uint8Array> {
  yield part;
}
