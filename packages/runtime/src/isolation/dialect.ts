import type { ExecutableField, IsolationLevel, PluginManifest } from '@hotswap/protocol';
import type { ConfinedProcess, LaunchOptions } from '@hotswap/sandbox';
import type { Isolate, IsolateFactory } from './isolate.ts';
import type { PlaceLimits } from './places/place.ts';
import { type IsolateFactories, chooseIsolate } from './choose-isolate.ts';
import { fail } from '../errors.ts';
import type { Artifact } from '../loading/artifact.ts';

/** Whom a dialect makes an isolate for. */
export interface DialectRequest {
  readonly manifest: PluginManifest;
  readonly executable: ExecutableField;
  readonly level: IsolationLevel;
  /** What a program that is confined is held to. */
  readonly limits: PlaceLimits;
  /** Starts a process behind the layers of this host, as its operator wants them; see `@hotswap/sandbox`. */
  readonly confine: (options: LaunchOptions) => Promise<ConfinedProcess>;
}

/** Runs plugins that are programs of their own, in any language, by one way of speaking with them. */
export interface Dialect {
  /** What manifests call it in `executable.protocol`. */
  readonly name: string;
  /**
   * Says whether it can run such a plugin at that level; before anything of the plugin runs. Throws a coded error when not.
   */
  check(request: DialectRequest): void;
  /** An isolate for one generation; nothing runs until its `load`. */
  isolate(request: DialectRequest): Isolate;
}

/** What isolates are made of. */
export interface IsolateSources {
  readonly factories: IsolateFactories;
  readonly dialects: readonly Dialect[];
  readonly limitsOf: (manifest: PluginManifest) => PlaceLimits;
  readonly confine: DialectRequest['confine'];
}

/**
 * The factory for an artifact at a level: a dialect's for a program of its own, else the level's.
 *
 * @throws ISOLATION_UNAVAILABLE, DIALECT_UNKNOWN, and what the dialect refuses it with
 */
export function isolateFor(
  { manifest, program }: Artifact,
  level: IsolationLevel,
  from: IsolateSources,
): IsolateFactory {
  if (program.type !== 'executable') return chooseIsolate(manifest.name, level, from.factories);
  const { executable } = program;
  const dialect = from.dialects.find(({ name }) => name === executable.protocol);
  if (dialect === undefined) {
    const known = from.dialects.map(({ name }) => name).join(', ') || 'none';
    throw fail('DIALECT_UNKNOWN', { plugin: manifest.name, protocol: executable.protocol, known });
  }
  const request: DialectRequest = {
    manifest,
    executable,
    level,
    limits: from.limitsOf(manifest),
    confine: from.confine,
  };
  dialect.check(request);
  return () => dialect.isolate(request);
}
