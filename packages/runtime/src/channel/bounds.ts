/** How much one value from the other side may be. */
export interface Bounds {
  /** Values in it, itself and everything inside counted. */
  readonly mostValues: number;
  /** Characters and bytes in it. */
  readonly mostBytes: number;
}

const deepest = 100;
const bytesOfValue = 16;

/** What a message from the other side says is not what such a message may say. Never leaves the channel. */
export class InvalidMessage extends Error {
  override readonly name = 'InvalidMessage';
}

/** A text of at most `longest` characters. @throws InvalidMessage */
export function textOf(value: unknown, longest: number): string {
  if (typeof value === 'string' && value.length <= longest) return value;
  throw new InvalidMessage(`a text of at most ${longest} characters was due, not ${described(value)}`);
}

/** A whole number from 0 to `most`. @throws InvalidMessage */
export function wholeOf(value: unknown, most: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= most) return value;
  throw new InvalidMessage(`a whole number up to ${most} was due, not ${described(value)}`);
}

/** A list of at most `most` elements. @throws InvalidMessage */
export function listOf(value: unknown, most: number): readonly unknown[] {
  if (Array.isArray(value) && value.length <= most) return value;
  throw new InvalidMessage(`a list of at most ${most} elements was due, not ${described(value)}`);
}

/** Bytes, at most `most` of them. @throws InvalidMessage */
export function bytesWithin(value: unknown, most: number): Uint8Array {
  if (value instanceof Uint8Array && value.byteLength <= most) return value;
  throw new InvalidMessage(`at most ${most} bytes were due, not ${described(value)}`);
}

/** A plain object. @throws InvalidMessage */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new InvalidMessage(`an object was due, not ${described(value)}`);
}

/** A value of no more than `bounds`. @throws InvalidMessage */
export function boundedValue(value: unknown, bounds: Bounds): unknown {
  if (typeof value !== 'object' || value === null || isBounded(value, bounds)) return value;
  throw new InvalidMessage(`a value of at most ${bounds.mostBytes} bytes in ${bounds.mostValues} places was due`);
}

/** Whether a value is not larger, and not nested deeper, than it may be. Circles count once. */
export function isBounded(value: unknown, bounds: Bounds): boolean {
  return weightOf(value, bounds) !== undefined;
}

/** What a value takes in memory, roughly, in bytes; undefined: it is more than `bounds`. */
export function weightOf(value: unknown, { mostValues, mostBytes }: Bounds): number | undefined {
  const seen = new Set<object>();
  let values = 0;
  let bytes = 0;
  const visit = (one: unknown, depth: number): boolean => {
    if (++values > mostValues || depth > deepest) return false;
    if (typeof one === 'string') return (bytes += one.length) <= mostBytes;
    if (typeof one !== 'object' || one === null || seen.has(one)) return true;
    seen.add(one);
    if (one instanceof ArrayBuffer || ArrayBuffer.isView(one)) return (bytes += one.byteLength) <= mostBytes;
    if (one instanceof Map || one instanceof Set) {
      for (const [key, child] of one.entries()) if (!visit(key, depth + 1) || !visit(child, depth + 1)) return false;
      return true;
    }
    for (const [key, child] of Object.entries(one)) {
      bytes += key.length;
      if (bytes > mostBytes || !visit(child, depth + 1)) return false;
    }
    return true;
  };
  return visit(value, 0) ? bytes + values * bytesOfValue : undefined;
}

function described(value: unknown): string {
  if (typeof value === 'string') return `a text of ${value.length}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`;
  return typeof value === 'number' ? String(value) : value === null ? 'null' : typeof value;
}
