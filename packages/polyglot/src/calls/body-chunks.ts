import { type BodyPayload, bytesOf, isBlob } from '@hotswap/protocol/http';

/** The largest part of a body in one frame. */
const largestChunk = 65_536;

/** A body in the parts that it crosses in. */
export async function* chunksOf(body: BodyPayload | null): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  for await (const part of partsOf(body)) {
    const bytes = bytesOf(part);
    for (let at = 0; at < bytes.length; at += largestChunk) yield bytes.subarray(at, at + largestChunk);
  }
}

function partsOf(body: BodyPayload): AsyncIterable<unknown> | Iterable<unknown> {
  if (typeof body === 'string' || body instanceof Uint8Array) return [body];
  if (isBlob(body)) return body.stream();
  return 'chunks' in body ? body.chunks() : body;
}
