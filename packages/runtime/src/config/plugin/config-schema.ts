import type { JsonSchema } from '@hotswap/protocol';
import { isTable } from '../document/settings-reader.ts';

/** Keywords that apply further schemas to the very same value. */
const combinators = ['allOf', 'anyOf', 'oneOf'] as const;
const conditionals = ['if', 'then', 'else', 'not'] as const;
/** Keywords that already say what becomes of keys that are not listed. */
const opennessKeywords = ['additionalProperties', 'unevaluatedProperties', 'patternProperties'];

/**
 * The same schema, refusing keys it does not list wherever it does not say otherwise.
 *
 * A mistyped key of a config would else be ignored without a word.
 */
export function closeSchema(schema: JsonSchema): JsonSchema {
  const inner = withInnerSchemasClosed(schema);
  if (!describesObject(schema) || opennessKeywords.some((keyword) => keyword in schema)) return inner;
  const isCombined = '$ref' in schema || [...combinators, ...conditionals].some((keyword) => keyword in schema);
  return isCombined ? { ...inner, unevaluatedProperties: false } : { ...inner, additionalProperties: false };
}

/** Schemas under combinators and `$defs` stay open themselves: the schema that uses them closes. */
function withInnerSchemasClosed(schema: JsonSchema): JsonSchema {
  const entries = Object.entries(schema).map(([keyword, value]): readonly [string, unknown] => {
    switch (keyword) {
      case 'properties':
      case 'patternProperties':
        return [keyword, mapSchemas(value, closeSchema)];
      case 'items':
      case 'additionalProperties':
      case 'contains':
        return [keyword, isTable(value) ? closeSchema(value) : value];
      case 'prefixItems':
        return [
          keyword,
          Array.isArray(value) ? value.map((item) => (isTable(item) ? closeSchema(item) : item)) : value,
        ];
      case '$defs':
      case 'definitions':
        return [keyword, mapSchemas(value, withInnerSchemasClosed)];
      default:
        return [keyword, value];
    }
  });
  return Object.fromEntries(entries);
}

function mapSchemas(value: unknown, change: (schema: JsonSchema) => JsonSchema): unknown {
  if (!isTable(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, isTable(inner) ? change(inner) : inner]));
}

function describesObject(schema: JsonSchema): boolean {
  if ('properties' in schema || schema['type'] === 'object') return true;
  return !('type' in schema) && ('$ref' in schema || combinators.some((keyword) => keyword in schema));
}

/** The schemas that apply to the same value as `schema`: itself, what it combines and what it refers to. */
export function schemasOfValue(schema: unknown, root: JsonSchema, seen = new Set<unknown>()): readonly JsonSchema[] {
  if (!isTable(schema) || seen.has(schema)) return [];
  seen.add(schema);
  const combined = combinators.flatMap((keyword) => (Array.isArray(schema[keyword]) ? schema[keyword] : []));
  const conditional = conditionals.map((keyword) => schema[keyword]);
  const referred = resolveReference(schema['$ref'], root);
  return [schema, ...[...combined, ...conditional, referred].flatMap((inner) => schemasOfValue(inner, root, seen))];
}

/** The schemas that apply to one key or element below a value. */
export function schemasBelow(
  schemas: readonly JsonSchema[],
  key: string | number,
  root: JsonSchema,
): readonly JsonSchema[] {
  const seen = new Set<unknown>();
  return schemas.flatMap((schema) => innerSchemas(schema, key)).flatMap((inner) => schemasOfValue(inner, root, seen));
}

/** Schemas by pattern count for every key: to mask one secret too many is the harmless mistake. */
function innerSchemas(schema: JsonSchema, key: string | number): readonly unknown[] {
  if (typeof key === 'number') {
    const prefix = schema['prefixItems'];
    return [Array.isArray(prefix) ? prefix[key] : undefined, schema['items'], schema['contains']];
  }
  const listed = isTable(schema['properties']) && Object.hasOwn(schema['properties'], key);
  const named = listed && isTable(schema['properties']) ? schema['properties'][key] : undefined;
  const patterned = isTable(schema['patternProperties']) ? Object.values(schema['patternProperties']) : [];
  return listed
    ? [named, ...patterned]
    : [...patterned, schema['additionalProperties'], schema['unevaluatedProperties']];
}

/** Follows `#` and `#/a/b`; other references cannot be compiled in the first place. */
function resolveReference(reference: unknown, root: JsonSchema): unknown {
  if (typeof reference !== 'string' || !reference.startsWith('#')) return undefined;
  let target: unknown = root;
  for (const part of reference.split('/').slice(1)) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    target = isTable(target) && Object.hasOwn(target, key) ? target[key] : undefined;
  }
  return target;
}
