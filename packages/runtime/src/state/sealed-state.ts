import { createHash } from 'node:crypto';
import type { ExportedState } from '@hotswap/protocol';
import { fail } from '../errors.ts';

/** A plugin's state outside its plugin: whose it is, what it follows, and a sum that tells every change of it. */
export interface SealedState extends ExportedState {
  readonly plugin: string;
  /** SHA-256 in hex over plugin, schema version and bytes. */
  readonly checksum: string;
  /** Milliseconds since the epoch. */
  readonly takenAt: number;
}

/** Seals a state as it left its plugin. The bytes are taken as they are, without a copy: nobody may write to them. */
export function seal(plugin: string, exported: ExportedState, takenAt: number = Date.now()): SealedState {
  const { schemaVersion, bytes } = exported;
  return { plugin, schemaVersion, bytes, checksum: checksumOf(plugin, exported), takenAt };
}

/**
 * The state as it was when it was sealed.
 *
 * @param where for the error: the file it was read from, or what it was held for
 * @throws STATE_CORRUPT
 */
export function unseal(sealed: SealedState, where = 'in memory'): ExportedState {
  if (!isIntact(sealed)) throw fail('STATE_CORRUPT', { plugin: sealed.plugin, where });
  const { schemaVersion, bytes } = sealed;
  return { schemaVersion, bytes };
}

/** Whether a sealed state is what was sealed. */
export function isIntact(sealed: SealedState): boolean {
  return checksumOf(sealed.plugin, sealed) === sealed.checksum;
}

function checksumOf(plugin: string, { schemaVersion, bytes }: ExportedState): string {
  // The name's length keeps name and version apart, whatever a name holds.
  return createHash('sha256').update(`${plugin.length}:${plugin}:${schemaVersion}:`).update(bytes).digest('hex');
}
