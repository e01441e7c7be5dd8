import type { DefaultDeserializer } from 'node:v8';
import { isDeepStrictEqual } from 'node:util';
import { messageOf, type ExportedState } from '@hotswap/protocol';
import type { PluginDefinition, StateSettings } from '@hotswap/sdk';
import { fail } from '../errors.ts';
import { serialize } from '../value-encoding.ts';

declare module 'node:v8' {
  interface DefaultDeserializer {
    /** Reads a typed array, a `DataView` or a `Buffer`. Node documents it; its types leave it out. */
    _readHostObject(): NodeJS.ArrayBufferView;
  }
}

/** How far the state of other versions can be read and written by this one. */
export interface StateRange {
  readonly version: number;
  /** The oldest version that `up` steps lead from. */
  readonly oldest: number;
  /** The oldest version that `down` steps lead to. */
  readonly returnsTo: number;
}

/** What a plugin says of its state: versioned, kept as well as may be, or nothing. */
export type StateTraits = 'none' | 'lossy-cache' | StateRange;

const unversioned: StateRange = { version: 1, oldest: 1, returnsTo: 1 };

/** The state settings of a definition; `declared` is the manifest's `stateVersion`. */
export function stateSettingsOf({ state }: PluginDefinition, declared: number | undefined): StateSettings | undefined {
  if (typeof state === 'object') return state;
  return declared === undefined ? undefined : { version: declared };
}

/** What a definition says of its state before it has started. */
export function stateTraitsOf(definition: PluginDefinition, declared: number | undefined): StateTraits {
  if (definition.state === 'lossy-cache') return definition.state;
  const settings = stateSettingsOf(definition, declared);
  return settings === undefined ? 'none' : rangeOf(settings);
}

function rangeOf({ version, migrations = {} }: StateSettings): StateRange {
  let oldest = version;
  while (migrations[oldest]?.up !== undefined) oldest--;
  let returnsTo = version;
  while (migrations[returnsTo]?.down !== undefined) returnsTo--;
  return { version, oldest, returnsTo };
}

/**
 * Encodes a state, taken down to `version` first where that is an older one.
 *
 * @throws STATE_NOT_CLONEABLE, STATE_VERSION_UNREACHABLE, STATE_MIGRATION_FAILED
 */
export function encodeState(settings: StateSettings | undefined, value: unknown, version?: number): ExportedState {
  const own = settings?.version ?? 1;
  const schemaVersion = version ?? own;
  if (schemaVersion === own) return { schemaVersion, bytes: write(value) };
  // Of a copy: the plugin may go on with what it exported, and a step may change its input in place.
  const migrated = migrate(settings, read(write(value)), { from: own, to: schemaVersion });
  return { schemaVersion, bytes: write(migrated) };
}

/**
 * Decodes a state and takes it up to the version of this plugin.
 *
 * @throws STATE_VERSION_UNREACHABLE, STATE_MIGRATION_FAILED
 */
export function decodeState(settings: StateSettings | undefined, state: ExportedState): unknown {
  const value = read(state.bytes);
  return migrate(settings, value, { from: state.schemaVersion, to: settings?.version ?? 1 });
}

/**
 * Takes a copy of a state up and down again and compares: what came back must be what went in.
 *
 * @returns whether there is a way back for what this version will write
 * @throws STATE_VERSION_UNREACHABLE, STATE_MIGRATION_FAILED, STATE_ROUND_TRIP_FAILED
 */
export function rehearseState(settings: StateSettings | undefined, state: ExportedState): boolean {
  const own = settings?.version ?? 1;
  const { schemaVersion: from } = state;
  const up = decodeState(settings, state);
  if (from === own) return true;
  const isReturnable = settings !== undefined && rangeOf(settings).returnsTo <= from;
  if (!isReturnable) return false;
  // Encoded, for that is what a rollback would find: a class or a null prototype is no difference there.
  const bytes = write(migrate(settings, up, { from: own, to: from }));
  // The same bytes are the same state; only where they differ, by the order of keys say, is it worth a closer look.
  if (Buffer.compare(bytes, state.bytes) === 0 || isDeepStrictEqual(read(bytes), read(state.bytes))) return true;
  throw fail('STATE_ROUND_TRIP_FAILED', { from, to: own });
}

function write(value: unknown): Uint8Array {
  try {
    return serialize(value);
  } catch (error) {
    throw fail('STATE_NOT_CLONEABLE', { problem: messageOf(error) }, { cause: error });
  }
}

function read(bytes: Uint8Array): unknown {
  const reader = copyingReader(bytes);
  reader.readHeader();
  const value: unknown = reader.readValue();
  return value;
}

/**
 * Node's own reader hands out typed arrays and buffers as views of the bytes it reads: a plugin that wrote to one would
 * change the state it was started with, and one small array would keep all of those bytes alive.
 */
function copyingReader(bytes: Uint8Array): DefaultDeserializer {
  // Loaded here and not above: see value-encoding.ts.
  const v8 = process.getBuiltinModule('node:v8');
  class CopyingReader extends v8.DefaultDeserializer {
    override _readHostObject(): NodeJS.ArrayBufferView {
      const view = super._readHostObject();
      if (Buffer.isBuffer(view)) return Buffer.from(new Uint8Array(view).buffer);
      if (!(view instanceof DataView)) return view.slice();
      return new DataView(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
    }
  }
  return new CopyingReader(bytes);
}

function migrate(
  settings: StateSettings | undefined,
  value: unknown,
  { from, to }: { readonly from: number; readonly to: number },
): unknown {
  const { oldest, returnsTo } = settings === undefined ? unversioned : rangeOf(settings);
  const own = settings?.version ?? 1;
  const isReachable = to === own ? from <= own && from >= oldest : from === own && to < own && to >= returnsTo;
  if (!isReachable) throw fail('STATE_VERSION_UNREACHABLE', { from, to });
  let migrated = value;
  for (let version = from; version !== to; version += from < to ? 1 : -1) {
    const step = settings?.migrations?.[from < to ? version + 1 : version];
    const run = (from < to ? step?.up : step?.down) as (state: unknown) => unknown;
    const next = from < to ? version + 1 : version - 1;
    try {
      migrated = run(migrated);
      if (migrated instanceof Promise) throw new Error('the step answers a promise; it must answer the state at once');
    } catch (error) {
      throw fail('STATE_MIGRATION_FAILED', { from: version, to: next, problem: messageOf(error) }, { cause: error });
    }
  }
  return migrated;
}
