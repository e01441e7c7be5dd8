import { isDeepStrictEqual } from 'node:util';
import type { JsonSchema } from '@hotswap/protocol';
import type { KeyPath } from '../document/position-index.ts';
import { isTable } from '../document/settings-reader.ts';
import { schemasBelow, schemasOfValue } from './config-schema.ts';

/** What is shown in place of a secret. Sent back, it means "as before". */
export const secretMask = '********';

/** The value with every part marked `secret` replaced by the mask. */
export function maskSecrets(value: unknown, root: JsonSchema): unknown {
  return replaceSecrets(value, root, () => secretMask);
}

/** The value with every part marked `secret` put through `replace`. */
export function replaceSecrets(value: unknown, root: JsonSchema, replace: (secret: unknown) => unknown): unknown {
  return replaceWith({ value, schemas: schemasOfValue(root, root), root, replace });
}

/** A value in which masks became secrets again, and where that was not possible. */
export interface Unmasked {
  readonly value: unknown;
  /** Masks for which there is no certain earlier value. */
  readonly unresolved: readonly KeyPath[];
}

/** Puts the secrets of `previous` where `next` holds the mask. */
export function unmaskSecrets(next: unknown, previous: unknown, root: JsonSchema): Unmasked {
  const unresolved: KeyPath[] = [];
  const restore = (place: Place): unknown => {
    const { value, earlier, schemas, path } = place;
    if (isSecret(schemas) && value === secretMask) {
      if (earlier === undefined) unresolved.push(path);
      return earlier;
    }
    const below = (key: string | number, inner: unknown, before: unknown): unknown =>
      restore({ value: inner, earlier: before, schemas: schemasBelow(schemas, key, root), path: [...path, key] });
    if (Array.isArray(value)) {
      const before = Array.isArray(earlier) ? earlier : [];
      const masked = before.map((item, index) =>
        replaceWith({ value: item, schemas: schemasBelow(schemas, index, root), root, replace: () => secretMask }),
      );
      return value.map((item, index) =>
        below(index, item, before[earlierIndex(item, index, value.length, masked) ?? -1]),
      );
    }
    if (!isTable(value)) return value;
    const before = isTable(earlier) ? earlier : {};
    return mapValues(value, (inner, key) => below(key, inner, Object.hasOwn(before, key) ? before[key] : undefined));
  };
  return {
    value: restore({ value: next, earlier: previous, schemas: schemasOfValue(root, root), path: [] }),
    unresolved,
  };
}

interface Place {
  readonly value: unknown;
  readonly earlier: unknown;
  readonly schemas: readonly JsonSchema[];
  readonly path: KeyPath;
}

/**
 * Which earlier element an element with masks came from.
 *
 * In a list of the same length an edited element is the one at its place. In a list that grew or shrank only an
 * element that looks exactly like one earlier element is certain; a guess could hand one secret to another owner.
 */
function earlierIndex(item: unknown, index: number, length: number, masked: readonly unknown[]): number | undefined {
  const alike = masked.flatMap((earlier, at) => (isDeepStrictEqual(earlier, item) ? [at] : []));
  if (length === masked.length) return alike.length === 1 ? alike[0] : index;
  return alike.length === 1 ? alike[0] : undefined;
}

interface Replacing {
  readonly value: unknown;
  readonly schemas: readonly JsonSchema[];
  readonly root: JsonSchema;
  readonly replace: (secret: unknown) => unknown;
}

function replaceWith({ value, schemas, root, replace }: Replacing): unknown {
  if (value === undefined) return value;
  if (isSecret(schemas)) return replace(value);
  const below = (inner: unknown, key: string | number): unknown =>
    replaceWith({ value: inner, schemas: schemasBelow(schemas, key, root), root, replace });
  if (Array.isArray(value)) return value.map(below);
  return isTable(value) ? mapValues(value, below) : value;
}

function isSecret(schemas: readonly JsonSchema[]): boolean {
  return schemas.some((schema) => schema['secret'] === true);
}

function mapValues(
  table: Readonly<Record<string, unknown>>,
  change: (value: unknown, key: string) => unknown,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(table).map(([key, value]) => [key, change(value, key)]));
}
