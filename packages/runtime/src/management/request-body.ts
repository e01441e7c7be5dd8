import { didYouMean } from '../config/document/settings-reader.ts';
import { fail } from '../errors.ts';
import { nearestName } from '../nearest-name.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

const bodyLimit = 1_048_576;
const depthLimit = 64;

/**
 * The JSON object in a request's body, or `undefined` when there is no body.
 *
 * @throws MANAGEMENT_BODY_TOO_LARGE, MANAGEMENT_MEDIA_TYPE, MANAGEMENT_BODY_INVALID
 */
export async function readJsonBody(request: Request): Promise<JsonObject | undefined> {
  const bytes = await readBytes(request);
  if (bytes.byteLength === 0) return undefined;
  const mediaType = request.headers.get('content-type');
  if (!isJson(mediaType)) {
    throw fail('MANAGEMENT_MEDIA_TYPE', { mediaType: JSON.stringify(mediaType ?? 'unnamed') });
  }
  const body = parse(bytes);
  if (!isObject(body)) throw invalid('its body is not a JSON object');
  assertHarmless(body, 0);
  return body;
}

/** A reading endpoint takes no body: one that arrives is a mistake, or was smuggled past a proxy. */
export function refuseBody(headers: Headers): void {
  if (Number(headers.get('content-length') ?? 0) === 0 && headers.get('transfer-encoding') === null) return;
  throw invalid('this endpoint takes no body');
}

/**
 * A field of a body under its name, in any case: `pluginPath` and `PluginPath` are one field.
 *
 * @throws MANAGEMENT_BODY_INVALID when the body holds two spellings of it
 */
function fieldOf(body: JsonObject | undefined, ...names: readonly string[]): unknown {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const found = Object.entries(body ?? {}).filter(([name]) => wanted.has(name.toLowerCase()));
  if (found.length > 1) throw invalid(`${found.map(([name]) => name).join(' and ')} say the same; keep one`);
  return found[0]?.[1];
}

/**
 * A field that nothing reads would be a wish that is silently not granted.
 *
 * @throws MANAGEMENT_BODY_INVALID when the body holds a field that is not among `known`
 */
export function refuseUnknownFields(body: JsonObject | undefined, known: readonly string[]): void {
  const lowered = new Set(known.map((name) => name.toLowerCase()));
  const unknown = Object.keys(body ?? {}).find((name) => !lowered.has(name.toLowerCase()));
  if (unknown !== undefined) throw invalid(`${unknown} is no field of it${didYouMean(nearestName(unknown, known))}`);
}

/** @throws MANAGEMENT_BODY_INVALID */
export function textField(body: JsonObject | undefined, ...names: readonly string[]): string | undefined {
  const value = fieldOf(body, ...names) ?? undefined;
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  throw invalid(`${names[0]} is not a text with content`);
}

/** @throws MANAGEMENT_BODY_INVALID */
export function objectField(body: JsonObject | undefined, ...names: readonly string[]): JsonObject | undefined {
  const value = fieldOf(body, ...names) ?? undefined;
  if (value === undefined || isObject(value)) return value;
  throw invalid(`${names[0]} is not an object`);
}

/** @throws MANAGEMENT_BODY_INVALID */
export function flagField(body: JsonObject | undefined, name: string): boolean {
  const value = fieldOf(body, name) ?? false;
  if (typeof value === 'boolean') return value;
  throw invalid(`${name} is neither true nor false`);
}

/** @throws MANAGEMENT_BODY_INVALID when there is no value */
export function required<Value>(value: Value | undefined, name: string): Value {
  if (value === undefined) throw invalid(`${name} is missing`);
  return value;
}

export function invalid(reason: string): Error {
  return fail('MANAGEMENT_BODY_INVALID', { reason });
}

async function readBytes(request: Request): Promise<Buffer> {
  const tooLarge = fail('MANAGEMENT_BODY_TOO_LARGE', { limit: bodyLimit });
  if (Number(request.headers.get('content-length') ?? 0) > bodyLimit) throw tooLarge;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > bodyLimit) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function isJson(mediaType: string | null): boolean {
  return mediaType !== null && /^application\/json[ \t]*(?:;|$)/i.test(mediaType);
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw fail('MANAGEMENT_BODY_INVALID', { reason: 'its body is not valid JSON' }, { cause });
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Refuses keys that reach a prototype when they are copied by assignment, and nesting nobody writes by hand. */
function assertHarmless(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > depthLimit) throw invalid(`its body is nested deeper than ${depthLimit}`);
  for (const [key, inner] of Object.entries(value)) {
    const reachesPrototype = key === '__proto__' || (key === 'constructor' && isObject(inner) && 'prototype' in inner);
    if (reachesPrototype) throw invalid(`its body holds the key ${key}`);
    assertHarmless(inner, depth + 1);
  }
}
