import { hostname } from 'node:os';
import type { RuntimeCore } from '../compose-runtime.ts';
import { DurationHistogram } from '../host-services/metrics/duration-histogram.ts';
import { renderMetrics } from '../host-services/metrics/exposition.ts';
import type { PluginFacts } from '../host-services/metrics/runtime-metrics.ts';
import type { PluginSlot } from '../plugin/plugin-slot.ts';
import type { UsageStatus } from '../status.ts';

/** Everything there is to scrape: the runtime's own series, then the plugins'. */
export function metricsText({
  services,
  roster,
  sockets,
  isolates: { threads, processes, containers },
  supervisor,
  resources,
}: Pick<RuntimeCore, 'services' | 'roster' | 'sockets' | 'isolates' | 'supervisor' | 'resources'>): string {
  const facts = {
    now: Date.now(),
    plugins: roster.slots.map((slot) => ({
      ...factsOf(slot),
      connections: sockets.count(slot.name),
      recovery: supervisor.countsOf(slot),
      ...usageOf(resources.statusOf(slot)),
      violations: resources.monitor.violationsOf(slot.name),
    })),
    sandboxInstances: processes.status().alive + containers.status().alive,
    threads: { ...threads.status(), stuckTotal: threads.stuckTotal },
    environment: 'default',
    node: hostname(),
  };
  return renderMetrics([...services.runtimeMetrics.families(facts), ...services.metrics.families()]);
}

function usageOf(usage: UsageStatus | undefined): Partial<PluginFacts> {
  if (usage === undefined) return {};
  const {
    memoryBytes,
    cpuPercent,
    diskReadBytes,
    diskWrittenBytes,
    networkSentBytes = 0,
    networkReceivedBytes = 0,
  } = usage;
  const isDiskKnown = diskReadBytes !== undefined || diskWrittenBytes !== undefined;
  return {
    memoryBytes,
    cpuPercent,
    diskBytes: isDiskKnown ? (diskReadBytes ?? 0) + (diskWrittenBytes ?? 0) : undefined,
    networkBytes: networkSentBytes + networkReceivedBytes,
  };
}

function factsOf(slot: PluginSlot): Omit<PluginFacts, 'violations'> {
  const generations = [...slot.generations.values()];
  const sum = (read: (generation: (typeof generations)[number]) => number): number =>
    generations.reduce((total, generation) => total + read(generation), 0);
  const { state, since } = slot.noted;
  return {
    name: slot.name,
    state,
    stateSince: since,
    reloadCount: slot.reloadCount,
    activeRequests: sum(({ leases }) => leases.count),
    invocations: slot.past.requests + sum(({ requests }) => requests),
    errors: slot.past.errors + sum(({ errors }) => errors),
    panics: slot.past.faults + sum(({ faults }) => faults),
    durations: durationsOf(slot).facts(),
    rollbacks: slot.rollbacks,
  };
}

function durationsOf(slot: PluginSlot): DurationHistogram {
  const all = new DurationHistogram();
  all.merge(slot.pastDurations);
  for (const { durations } of slot.generations.values()) all.merge(durations);
  return all;
}
