import type { ReadableStream, ReadableStreamDefaultController, ReadableStreamDefaultReader } from 'node:stream/web';
import { bytesOf, untouchedSource } from '@hotswap/protocol/http';

/** A stream that is followed to its end. */
export interface FollowedStream {
  readonly stream: ReadableStream;
  /** Breaks it off: its reader gets the error, its source is cancelled. */
  readonly breakOff: (error: Error) => void;
}

/** A stream as it is behind a boundary: of bytes, whatever its source gives. One that came over a boundary is left as it is. */
export function byteStream(source: ReadableStream): ReadableStream {
  return untouchedSource(source) === undefined ? followStream(source, () => {}).stream : source;
}

/**
 * The same stream as bytes, with somebody told when nothing more will come of it. It is read no faster than its reader
 * reads.
 */
export function followStream(source: ReadableStream, ended: () => void): FollowedStream {
  const reader = source.getReader();
  let control: ReadableStreamDefaultController | undefined;
  const give = async (controller: ReadableStreamDefaultController): Promise<void> => {
    try {
      const { done, value }: { done: boolean; value?: unknown } = await reader.read();
      if (!done) return controller.enqueue(bytesOf(value));
      controller.close();
    } catch (error) {
      controller.error(error);
      await letGo(reader, error);
    }
    ended();
  };
  const stream = new globalThis.ReadableStream<unknown>(
    {
      start: (controller) => void (control = controller),
      pull: give,
      cancel: async (reason) => {
        ended();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  const breakOff = (error: Error): void => {
    control?.error(error);
    ended();
    void letGo(reader, error);
  };
  return { stream, breakOff };
}

async function letGo(reader: ReadableStreamDefaultReader, error: unknown): Promise<void> {
  try {
    await reader.cancel(error);
  } catch {
    // What its source says to that reaches nobody.
  }
}
