import { messageOf } from '@hotswap/protocol';
import { fail } from '../errors.ts';

/**
 * Copies a value as an isolation boundary would, and freezes the copy. What works with copied values works at every
 * isolation level; used in development and by the conformance suite. Streams are moved, not copied.
 *
 * @param path what to call the value in an error, such as `geo.locate input`
 * @throws VALUE_NOT_CLONEABLE naming the first place that cannot be copied
 */
export function copyValue<T>(value: T, path: string): T {
  try {
    return deepFreeze(structuredClone(value, { transfer: streamsIn(value) }));
  } catch (error) {
    throw fail(
      'VALUE_NOT_CLONEABLE',
      { path: findUncloneable(value, path), reason: messageOf(error) },
      { cause: error },
    );
  }
}

type Visit = (child: unknown, key: string) => void;

function eachChild(value: unknown, visit: Visit): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  if (value instanceof Map) {
    for (const [key, child] of value) {
      visit(key, '.key');
      visit(child, `.get(${String(key)})`);
    }
  } else if (value instanceof Set) {
    for (const child of value) visit(child, '.member');
  } else {
    for (const [key, child] of Object.entries(value)) visit(child, Array.isArray(value) ? `[${key}]` : `.${key}`);
  }
}

/** The deepest place on the first failing way down: found by copying the parts one by one, after a failure only. */
function findUncloneable(value: unknown, path: string, seen: Set<unknown> = new Set()): string {
  let found: string | undefined;
  seen.add(value);
  eachChild(value, (child, key) => {
    if (found === undefined && !seen.has(child) && !isCloneable(child))
      found = findUncloneable(child, path + key, seen);
  });
  return found ?? path;
}

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value, { transfer: [] });
    return true;
  } catch {
    // The failure is the answer.
    return value instanceof ReadableStream;
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
