import type { History } from '../../plugin/history.ts';
import type { PluginSlot } from '../../plugin/plugin-slot.ts';
import type { ChangeRecord } from '../../status.ts';
import type { SwapReport } from '../../swap/swap-report.ts';

/** Who made a change, and why. */
export interface ChangeAuthor {
  readonly actor: string;
  readonly reason: string;
}

/** A change as its plugin's history keeps it; `slot` is absent once the plugin is unloaded. */
export function changeRecordOf(
  report: SwapReport,
  { actor, reason }: ChangeAuthor,
  { history, slot }: { readonly history: History; readonly slot: PluginSlot | undefined },
): ChangeRecord {
  const { operationId, operation, from, to, outcome, durationMs } = report;
  const versionOf = (generation: number | undefined): string | undefined => {
    if (generation === undefined) return undefined;
    return (
      slot?.generations.get(generation)?.artifact.manifest.version ??
      history.snapshots.find((snapshot) => snapshot.generation === generation)?.version ??
      history.changes.findLast((change) => change.to === generation)?.toVersion
    );
  };
  return {
    operationId,
    operation,
    from,
    to,
    fromVersion: versionOf(from),
    toVersion: versionOf(to),
    actor,
    reason,
    outcome,
    code: report.reason?.code,
    at: Date.now(),
    durationMs,
  };
}

/** A return that the watch over a new generation made by itself. */
export function watchRecordOf({ history, current }: PluginSlot, operationId: string, reason: string): ChangeRecord {
  const last = history.changes.at(-1);
  return {
    operationId,
    operation: 'rollback',
    from: last?.to,
    to: current?.number,
    fromVersion: last?.toVersion,
    toVersion: current?.artifact.manifest.version,
    actor: 'watch',
    reason,
    outcome: 'swapped',
    code: undefined,
    at: Date.now(),
    durationMs: 0,
  };
}
