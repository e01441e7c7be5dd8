// The bodies of the reading endpoints. Names and order of the fields are a published contract: programs that
// watched the Go implementation read them unchanged.
import type {
  PluginHistory,
  PluginStatus,
  RecoveryStatus,
  RuntimeStatus,
  SnapshotStatus,
  UsageStatus,
} from '../status.ts';
import type { SignerOfPlugin } from '../verification/judge.ts';
import { healthOf, summarise, unixSeconds } from './health.ts';

export type Body = Readonly<Record<string, unknown>>;

/** `GET /plugins/status`. `notices` is there only when the operator must know something. */
export function statusBody(status: RuntimeStatus, now: number): Body {
  const plugins = listed(status);
  return {
    plugin_system: {
      enabled: status.enabled,
      total_plugins: plugins.length,
      active_plugins: plugins.filter(isServing).length,
      plugin_dir: status.pluginDirectory,
      active_requests: status.activeRequests,
      plugin_states: Object.fromEntries(plugins.map((plugin) => [plugin.name, plugin.state])),
    },
    health_status: summarise(plugins),
    uptime: formatUptime(now - status.startedAt),
    timestamp: unixSeconds(now),
    ...(status.notices.length > 0 && { notices: status.notices }),
  };
}

/** `GET /plugins/list`; with `isFull` also what a table of plugins shows beside the published fields. */
export function listBody(status: RuntimeStatus, now: number, isFull = false): Body {
  const plugins = listed(status).map((plugin) => ({
    name: plugin.name,
    status: plugin.state,
    health: healthOf(plugin),
    ...(isFull && {
      version: plugin.version ?? null,
      generation: plugin.generation ?? null,
      isolation: plugin.isolation,
      missing_layers: plugin.missingLayers,
      usage: plugin.usage ? usageBody(plugin.usage) : null,
    }),
  }));
  return { plugins, total_count: plugins.length, timestamp: unixSeconds(now) };
}

/** `GET /plugins/health` and `GET /health`. */
export function healthBody(status: RuntimeStatus, now: number): Body {
  const plugins = listed(status);
  return {
    overall_status: summarise(plugins).overall_status,
    plugins: Object.fromEntries(plugins.map((plugin) => [plugin.name, healthOf(plugin)])),
    timestamp: unixSeconds(now),
  };
}

/** `GET /plugins/{name}`: everything an operator may ask about one plugin. What is not known is `null`. */
export function pluginBody(plugin: PluginStatus, now: number): Body {
  return {
    name: plugin.name,
    state: plugin.state,
    reason: plugin.reason ?? null,
    version: plugin.version ?? null,
    generation: plugin.generation ?? null,
    load_time: momentOf(plugin.loadedAt),
    last_reload: momentOf(plugin.lastReloadAt),
    reload_count: plugin.reloadCount,
    dependencies: plugin.dependencies,
    dependents: plugin.dependents,
    handlers: plugin.handlers,
    tasks: plugin.tasks,
    resources: plugin.resources,
    isolation: plugin.isolation,
    missing_layers: plugin.missingLayers,
    breaker: plugin.breaker ?? null,
    snapshots: plugin.snapshots.map(snapshotBody),
    saved_state: plugin.savedState
      ? {
          saved_at: momentOf(plugin.savedState.savedAt),
          schema_version: plugin.savedState.schemaVersion,
          size_bytes: plugin.savedState.sizeBytes,
          problem: plugin.savedState.problem ?? null,
        }
      : null,
    health: { ...healthOf(plugin), reason: plugin.health.reason ?? null },
    generations: plugin.generations.map(({ activeRequests, startedAt, ...generation }) => ({
      ...generation,
      active_requests: activeRequests,
      started_at: unixSeconds(startedAt),
    })),
    kinds: plugin.kinds,
    origin: plugin.origin ?? null,
    unsigned: plugin.unsigned,
    signer: plugin.signer ? signerBody(plugin.signer) : null,
    usage: plugin.usage ? usageBody(plugin.usage) : null,
    config_source: plugin.configSource,
    recovery: plugin.recovery ? recoveryBody(plugin.recovery) : null,
    counts: plugin.counts,
    connections: plugin.connections,
    websocket: plugin.websocket ?? null,
    timestamp: unixSeconds(now),
  };
}

function usageBody({ at, limits, unenforced, violations, ...usage }: UsageStatus): Body {
  return {
    at: unixSeconds(at),
    memory_bytes: usage.memoryBytes ?? null,
    cpu_percent: usage.cpuPercent ?? null,
    threads: usage.threads ?? null,
    open_files: usage.openFiles ?? null,
    disk_bytes: usage.diskBytes ?? null,
    network_sent_bytes: usage.networkSentBytes ?? null,
    network_received_bytes: usage.networkReceivedBytes ?? null,
    disk_read_bytes: usage.diskReadBytes ?? null,
    disk_written_bytes: usage.diskWrittenBytes ?? null,
    limits: {
      memory_mb: limits.memoryMB ?? null,
      cpu_percent: limits.cpuPercent ?? null,
      threads: limits.threads ?? null,
      files: limits.files ?? null,
      disk_mb: limits.diskMB ?? null,
      connections: limits.connections ?? null,
    },
    unenforced,
    violations,
  };
}

function signerBody({ name, keyId, signedAt, expiresAt }: SignerOfPlugin): Body {
  return { name, key_id: keyId, signed_at: unixSeconds(signedAt), expires_at: momentOf(expiresAt) };
}

function recoveryBody({ policy, attempts, nextAttemptAt, quarantined, operationId }: RecoveryStatus): Body {
  return {
    policy,
    attempts,
    next_attempt: momentOf(nextAttemptAt),
    quarantined,
    operation_id: operationId ?? null,
  };
}

/** `GET /plugins/{name}/history`: who changed what, newest first, and what there is to go back to. */
export function historyBody({ plugin, changes, snapshots }: PluginHistory, now: number): Body {
  return {
    plugin,
    changes: changes.toReversed().map((change) => ({
      at: unixSeconds(change.at),
      operation: change.operation,
      operation_id: change.operationId,
      from: change.from ?? null,
      to: change.to ?? null,
      from_version: change.fromVersion ?? null,
      to_version: change.toVersion ?? null,
      actor: change.actor,
      reason: change.reason,
      outcome: change.outcome,
      code: change.code ?? null,
      duration_ms: change.durationMs,
    })),
    snapshots: snapshots.toReversed().map(snapshotBody),
    timestamp: unixSeconds(now),
  };
}

function snapshotBody(snapshot: SnapshotStatus): Body {
  const { generation, version, digest, takenAt, operation, operationId, actor, reason, hasState } = snapshot;
  return {
    generation,
    version,
    digest,
    taken_at: unixSeconds(takenAt),
    operation,
    operation_id: operationId,
    actor,
    reason,
    has_state: hasState,
  };
}

/** Writes a span of time as `2h15m30s`, without leading units that are zero. */
export function formatUptime(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
  const hours = Math.floor(seconds / 3_600);
  const minutes = Math.floor((seconds % 3_600) / 60);
  const rest = `${seconds % 60}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}

/** A switched-off plugin system shows no plugins, whatever it still knows. */
function listed(status: RuntimeStatus): readonly PluginStatus[] {
  return status.enabled ? status.plugins : [];
}

function isServing(plugin: PluginStatus): boolean {
  return plugin.state === 'active' || plugin.state === 'reloading';
}

function momentOf(milliseconds: number | undefined): number | null {
  return milliseconds === undefined ? null : unixSeconds(milliseconds);
}
