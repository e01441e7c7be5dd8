// The history of one plugin on disk. A snapshot in it has no code: that is loaded from its source again.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { sourcePath } from '../loading/plugin-source.ts';
import type { EarlierHistory, HideSecrets, History, Snapshot } from '../plugin/history.ts';
import type { SnapshotReference } from './snapshot-store.ts';
import type { StateKeeper } from './state-keeper.ts';

/** A snapshot as it is written down. */
interface SnapshotRecord extends Omit<Snapshot, 'artifact' | 'source' | 'state'> {
  readonly source: string;
  readonly state?: SnapshotReference | undefined;
}

interface HistoryFile extends Pick<EarlierHistory, 'changes'> {
  readonly format: 1;
  readonly snapshots: readonly SnapshotRecord[];
}

/** What is written of a history. A plugin that was only in memory cannot be brought back after a restart. */
export function historyText({ snapshots, changes }: History, hideSecrets: HideSecrets): string {
  const records = snapshots.flatMap((snapshot): readonly SnapshotRecord[] => {
    const { artifact: _, source, state, ...rest } = snapshot;
    if (typeof source !== 'string' && !(source instanceof URL)) return [];
    const path = resolve(sourcePath(source));
    return [{ ...rest, source: path, config: hideSecrets(snapshot), state: state?.reference }];
  });
  const file: HistoryFile = { format: 1, snapshots: records, changes };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/**
 * Reads a history; undefined where there is none. Rejects with what the file system says, and throws where the file is
 * something else.
 */
export async function readHistory(
  file: string,
  plugin: string,
  keeper: StateKeeper,
): Promise<EarlierHistory | undefined> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const content: unknown = JSON.parse(text);
  if (!isHistoryFile(content)) {
    const [first] = isHistoryFile.errors ?? [];
    throw new Error(`${first?.instancePath || 'the file'} ${first?.message ?? 'is not as expected'}`);
  }
  const snapshots = content.snapshots.map(
    ({ state, ...record }): Snapshot => ({
      ...record,
      artifact: undefined,
      state: state && keeper.at(plugin, state),
    }),
  );
  return { snapshots, changes: content.changes };
}

const text = { type: 'string' };
const number = { type: 'number' };
const texts = { type: 'array', items: text };
const who = { operation: text, operationId: text, actor: text, reason: text };
const snapshotRecord = {
  type: 'object',
  required: ['generation', 'version', 'digest', 'source', 'config', 'handlers', 'tasks', 'dependencies', 'takenAt'],
  properties: {
    ...who,
    generation: number,
    version: text,
    digest: text,
    source: text,
    config: { type: 'object' },
    isolation: { enum: ['none', 'basic', 'strict', 'sandbox', 'container'] },
    handlers: texts,
    tasks: texts,
    dependencies: { type: 'object', additionalProperties: text },
    state: {
      type: 'object',
      required: ['id', 'schemaVersion', 'sizeBytes', 'takenAt'],
      properties: { id: text, schemaVersion: number, sizeBytes: number, takenAt: number },
    },
    takenAt: number,
  },
};
const changeRecord = {
  type: 'object',
  required: ['operationId', 'operation', 'actor', 'reason', 'outcome', 'at', 'durationMs'],
  properties: {
    ...who,
    from: number,
    to: number,
    fromVersion: text,
    toVersion: text,
    outcome: { enum: ['swapped', 'configured', 'unloaded', 'kept', 'failed'] },
    code: text,
    at: number,
    durationMs: number,
  },
};
const isHistoryFile = new Ajv2020().compile<HistoryFile>({
  type: 'object',
  required: ['format', 'snapshots', 'changes'],
  properties: {
    format: { const: 1 },
    snapshots: { type: 'array', items: snapshotRecord },
    changes: { type: 'array', items: changeRecord },
  },
});
