import { eachChild, uncloneable } from '../values/uncloneable.ts';
import { byteStream } from '../values/held-stream.ts';
import { partsIn, putAt, withoutParts, withParts } from '../values/value-parts.ts';
import { Callback, handleOf } from '../values/callback.ts';

/**
 * Copies a value as an isolation boundary would, and freezes the copy. What works with copied values works at every
 * isolation level; used in development and by the conformance suite. Streams are moved, not copied.
 *
 * @param path what to call the value in an error, such as `geo.locate input`
 * @throws VALUE_NOT_CLONEABLE naming the first place that cannot be copied
 */
export function copyValue<T>(value: T, path: string): T {
  return deepFreeze(cloned(value, path, streamsIn(value)));
}

/**
 * Copies an input or output of a service: its streams give bytes, as they do where they cross, and its callbacks copy
 * what they are called with.
 *
 * @throws VALUE_NOT_CLONEABLE, CALLBACK_NEEDED, CALLBACK_GONE
 */
export function copyServiceValue(value: unknown, name: string): unknown {
  const parts = partsIn(value, name);
  let copy = cloned(withoutParts(value, parts), name, []);
  for (const part of parts) {
    const put = putAt(copy, part.path, part.type === 'stream' ? byteStream(part.stream) : copying(part.callback));
    copy = put?.value;
  }
  return deepFreeze(copy);
}

/**
 * An input of a service as it is, but for its streams, which give bytes at every level.
 *
 * @throws CALLBACK_NEEDED, CALLBACK_GONE: what no boundary would let through goes nowhere at any level
 */
export function handOn(value: unknown, name: string): unknown {
  const streams = partsIn(value, name).filter(({ type }) => type === 'stream');
  return withParts(value, streams, (part) => (part.type === 'stream' ? byteStream(part.stream) : part));
}

function copying(callback: Callback): unknown {
  const copied = new Callback(async (input) => {
    return copyValue(await callback.call(copyValue(input, 'callback input')), 'callback output');
  });
  callback.onEnd(() => copied.end());
  return handleOf(copied);
}

function cloned<T>(value: T, name: string, transfer: ReadableStream[]): T {
  try {
    return structuredClone(value, { transfer });
  } catch (error) {
    throw uncloneable(value, name, error);
  }
}

function streamsIn(value: unknown, seen: Set<unknown> = new Set()): ReadableStream[] {
  if (seen.has(value)) return [];
  seen.add(value);
  if (value instanceof ReadableStream) return [value];
  const streams: ReadableStream[] = [];
  eachChild(value, (child) => streams.push(...streamsIn(child, seen)));
  return streams;
}

function deepFreeze<T>(value: T, seen: Set<unknown> = new Set()): T {
  if (typeof value !== 'object' || value === null || seen.has(value)) return value;
  seen.add(value);
  eachChild(value, (child) => deepFreeze(child, seen));
  // The elements of a typed array and the state of a stream cannot be frozen.
  if (!ArrayBuffer.isView(value) && !(value instanceof ReadableStream)) Object.freeze(value);
  return value;
}
