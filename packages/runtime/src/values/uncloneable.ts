import { messageOf } from '@hotswap/protocol';
import { fail } from '../errors.ts';

/** Calls `visit` with every value directly inside another one, and what it is called there. */
export function eachChild(value: unknown, visit: (child: unknown, key: string) => void): void {
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

/**
 * The error of a value that cannot be copied: it names the first place that makes the trouble.
 *
 * @param name what to call the value, such as `geo.locate input`
 */
export function uncloneable(value: unknown, name: string, cause: unknown): Error {
  return fail('VALUE_NOT_CLONEABLE', { path: findUncloneable(value, name), reason: messageOf(cause) }, { cause });
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
