import { satisfies } from 'semver';
import type { IsolationLevel } from '@hotswap/protocol';
import { checkLimits, type PluginAllowance } from './check-limits.ts';
import { checkReadable } from './check-readable.ts';
import type { Roster } from './roster.ts';
import { fail } from '../errors.ts';
import { isolationLevelOf } from '../isolation/choose-isolate.ts';
import { type IsolateSources, isolateFor } from '../isolation/dialect.ts';
import { checkNative } from '../isolation/native-addons.ts';
import type { Artifact } from '../loading/artifact.ts';
import type { PluginSlot, SlotWish } from '../plugin/plugin-slot.ts';

export interface CheckParts {
  readonly roster: Roster;
  readonly isolates: IsolateSources;
  /** The level for plugins whose config names none. */
  readonly isolation: IsolationLevel | undefined;
  readonly mostAllowed: PluginAllowance;
  /** Whether operators let confined plugins load native addons. */
  readonly allowsNative: boolean;
  /** Why the operator's trust does not cover it any more: what is kept may have been revoked since it was loaded. */
  readonly objectionTo: (artifact: Artifact) => Error | undefined;
  /** Resolves secrets, checks the config against the artifact's schema, fills its defaults in; rejects with CONFIG_REJECTED. */
  readonly configFor: (artifact: Artifact, config: SlotWish['config']) => Promise<SlotWish['config']>;
  /** Puts the secrets of `previous` where `next` holds their masks. */
  readonly unmask: (artifact: Artifact, next: SlotWish['config'], previous: SlotWish['config']) => SlotWish['config'];
}

/**
 * Whether an artifact may take a slot's place; nothing of it has run yet.
 *
 * @throws what `objectionTo` says, PLUGIN_NAME_MISMATCH, PLUGIN_LIMIT_TOO_HIGH, PLUGIN_FILES_REFUSED, ISOLATION_UNAVAILABLE, DIALECT_UNKNOWN,
 * NATIVE_NEEDS_CONFINEMENT, NATIVE_NOT_ALLOWED, DEPENDENCY_INACTIVE, DEPENDENCY_UNSATISFIED, DEPENDENTS_UNSATISFIED
 */
export function checkArtifact(parts: CheckParts, slot: PluginSlot, artifact: Artifact, wish: SlotWish): void {
  const { manifest } = artifact;
  const objection = parts.objectionTo(artifact);
  if (objection) throw objection;
  if (manifest.name !== slot.name) throw fail('PLUGIN_NAME_MISMATCH', { plugin: slot.name, found: manifest.name });
  checkLimits(manifest, parts.mostAllowed);
  checkReadable(artifact, parts.mostAllowed.readable);
  const level = isolationLevelOf(manifest, wish.isolation ?? parts.isolation);
  isolateFor(artifact, level, parts.isolates);
  checkNative(manifest, level, parts.allowsNative);
  checkDependencies(parts.roster, artifact);
  checkDependents(parts.roster, artifact);
}

function checkDependencies(roster: Roster, { manifest }: Artifact): void {
  for (const [name, spec] of Object.entries(manifest.dependencies ?? {})) {
    const { version: range, optional = false } = typeof spec === 'string' ? { version: spec } : spec;
    const provider = roster.find(name)?.current;
    if (provider === undefined) {
      if (optional) continue;
      throw fail('DEPENDENCY_INACTIVE', { plugin: manifest.name, dependency: name, range });
    }
    const found = provider.artifact.manifest.version;
    if (satisfies(found, range, { includePrerelease: true })) continue;
    throw fail('DEPENDENCY_UNSATISFIED', { plugin: manifest.name, dependency: name, range, found });
  }
}

function checkDependents(roster: Roster, { manifest }: Artifact): void {
  for (const { name, current } of roster.slots) {
    const spec = current?.artifact.manifest.dependencies?.[manifest.name];
    if (spec === undefined) continue;
    const range = typeof spec === 'string' ? spec : spec.version;
    if (satisfies(manifest.version, range, { includePrerelease: true })) continue;
    throw fail('DEPENDENTS_UNSATISFIED', { plugin: manifest.name, version: manifest.version, dependent: name, range });
  }
}
