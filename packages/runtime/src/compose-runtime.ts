import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { messageOf, parseSize } from '@hotswap/protocol';
import { PluginMethods } from './calls.ts';
import { layerConfig } from './config/plugin/config-layers.ts';
import { compileOnce } from './config/plugin/compile-once.ts';
import type { PluginConfigSchema } from './config/plugin/plugin-config.ts';
import { claimPluginVariables } from './config/plugin/plugin-variables.ts';
import type { SecretReference } from './config/secret-reference.ts';
import { createLogger, type HostLogger } from './host-services/logging/create-logger.ts';
import { createSecretResolver } from './host-services/secrets.ts';
import {
  createHostServices,
  createHostServicesCore,
  forgetPlugin,
  type HostServicesCore,
} from './host-services/service-registry.ts';
import type { ServiceDirectory } from './host-services/service-directory.ts';
import { openStorage } from './host-services/storage/open-storage.ts';
import { createSystemClock, type HostClock } from './host-services/system-clock.ts';
import type { Dispatch } from './http/exchange.ts';
import { createDispatch } from './http/handle-request.ts';
import { SocketHub } from './http/websocket/socket-hub.ts';
import { UnservedSockets } from './http/websocket/unserved-sockets.ts';
import { isolationLevelOf, levelsOf } from './isolation/choose-isolate.ts';
import { isolateFor } from './isolation/dialect.ts';
import { callTimeoutOf, createIsolates, type Isolates } from './isolation/isolate-factories.ts';
import type { Artifact } from './loading/artifact.ts';
import { createLoader, type Loader } from './loading/load-artifact.ts';
import { boundCallback } from './plugin/admission.ts';
import { CallDeadlines } from './plugin/call-deadlines.ts';
import { Generation } from './plugin/generation.ts';
import { Diagnostics } from './diagnosis/diagnostics.ts';
import { GenerationCensus } from './plugin/generation-census.ts';
import { KeyedQueue } from './verbs/keyed-queue.ts';
import type { ConfigSource, PluginSlot, SlotWish } from './plugin/plugin-slot.ts';
import { Router } from './routing/router.ts';
import { ProcessEnd } from './recovery/process-end.ts';
import { policyOfSlots } from './recovery/recovery-policy.ts';
import { Supervisor } from './recovery/supervisor.ts';
import { tellEscalation } from './recovery/recovery-log.ts';
import { RuntimeResources } from './verbs/status/runtime-resources.ts';
import { unconfinedPlugins } from './verbs/status/unconfined-plugins.ts';
import { type RuntimeOptions, type RuntimeSettings, storageFile } from './runtime-options.ts';
import { StateAtRest } from './state/state-at-rest.ts';
import type { SwapParts } from './swap/swap.ts';
import { changeRecordOf, watchRecordOf } from './verbs/changes/change-record.ts';
import { checkArtifact, type CheckParts } from './verbs/check-artifact.ts';
import { waitingFor } from './verbs/start-up/needed-plugin.ts';
import { OperatorWishes } from './verbs/operator-wishes.ts';
import { Roster } from './verbs/roster.ts';
import { Transitions, type RuntimeEvents } from './verbs/transitions.ts';
import { Verbs } from './verbs/verbs.ts';
import { Verifier } from './verification/verifier.ts';
import { Withdrawals } from './verbs/changes/withdrawals.ts';

/** Everything a runtime is made of, wired. */
export interface RuntimeCore {
  readonly settings: RuntimeSettings;
  readonly log: HostLogger;
  readonly services: HostServicesCore;
  readonly router: Router<Generation>;
  readonly sockets: SocketHub;
  readonly unservedSockets: UnservedSockets;
  readonly roster: Roster;
  readonly stateAtRest: StateAtRest;
  readonly queue: KeyedQueue;
  readonly loader: Loader;
  readonly deadlines: CallDeadlines;
  readonly census: GenerationCensus;
  readonly diagnostics: Diagnostics;
  readonly events: EventEmitter<RuntimeEvents>;
  readonly wishes: OperatorWishes;
  readonly swap: SwapParts;
  readonly verbs: Verbs;
  readonly verifier: Verifier;
  readonly withdrawals: Withdrawals;
  readonly supervisor: Supervisor;
  readonly resources: RuntimeResources;
  readonly clock: HostClock;
  readonly isolates: Isolates;
  readonly dispatch: Dispatch;
  readonly methods: PluginMethods;
  /** What an operator must know now, in sentences. */
  readonly notices: () => readonly string[];
  readonly schemaOf: (artifact: Artifact) => PluginConfigSchema;
  readonly configOf: (
    name: string,
    artifact: Artifact | undefined,
  ) => { readonly config: SlotWish['config']; readonly source: ConfigSource };
}

const neverAborted = new AbortController().signal;

/** Builds the parts of a runtime and connects them; nothing runs yet. */
export function composeRuntime(settings: RuntimeSettings, options: RuntimeOptions): RuntimeCore {
  const log = options.log ?? createLogger();
  const clock = options.clock ?? createSystemClock();
  const { data, limits, config } = settings;
  const services = createHostServicesCore({
    clock,
    log,
    storage: openStorage(storageFile(data), { clock, maxStorageMB: config.plugins.security.maxStorageMB }),
    secrets: createSecretResolver(
      secretReferences(config.secrets, options.secrets),
      options.environment ?? process.env,
    ),
    copyValues: options.copyValues ?? false,
    metricsPrefix: options.metricsPrefix ?? 'hotswap',
  });
  const router = new Router<Generation>();
  const sockets = new SocketHub({ router, clock });
  const unservedSockets = new UnservedSockets({ hub: sockets, clock, log });
  router.onPublish = () => sockets.tableChanged();
  const roster = new Roster();
  const queue = new KeyedQueue();
  const deadlines = new CallDeadlines();
  const census = new GenerationCensus();
  const wishes = new OperatorWishes(config.plugins.entries);
  const isolates = createIsolates({
    settings,
    dialects: options.dialects ?? [],
    clock,
    log,
    shareOf: (plugin) => wishes.entryOf(plugin)?.shareProcess,
    onStuckThread: () => processEnd.arm(),
  });
  const processEnd = new ProcessEnd({ log, stuck: () => isolates.threads.status().stuck });
  const events = new EventEmitter<RuntimeEvents>();
  const verifier = new Verifier({ policy: settings.signatures, data, now: Date.now, log });
  const loader = createLoader({
    log,
    verifier,
    ...(data === undefined ? {} : { cacheDirectory: join(data, 'cache') }),
  });
  const schemaOf = compileOnce();
  const stateAtRest = new StateAtRest({
    clock,
    log,
    maxSnapshots: limits.maxSnapshots,
    intervalMs: limits.snapshotIntervalMs,
    slots: () => roster.slots,
    hideSecrets: ({ artifact, config: kept }) => (artifact ? schemaOf(artifact).hideSecrets(kept) : kept),
  });
  const { keeper, histories } = stateAtRest;
  const transitions = new Transitions({ log, events, hooks: options.hooks ?? {} });
  const check: CheckParts = {
    roster,
    isolates,
    isolation: settings.isolation,
    mostAllowed: settings.mostAllowed,
    allowsNative: settings.config.plugins.security.allowNative,
    objectionTo: (artifact) => verifier.objectionTo(artifact),
    configFor: async (artifact, given) => {
      const schema = schemaOf(artifact);
      const resolve = (name: string): Promise<string | undefined> => services.secrets.resolve(name);
      return schema.fill(await schema.withSecrets(given, resolve)).config;
    },
    unmask: (artifact, next, previous) => schemaOf(artifact).unmask(next, previous),
  };

  const make = (slot: PluginSlot, artifact: Artifact, wish: SlotWish): Generation => {
    const { manifest } = artifact;
    const level = isolationLevelOf(manifest, wish.isolation ?? settings.isolation);
    const number = slot.nextNumber();
    const identity = { plugin: slot.name, version: manifest.version, generation: number };
    const generation: Generation = new Generation({
      plugin: slot.name,
      number,
      artifact,
      config: wish.config,
      isolate: isolateFor(artifact, level, isolates)(),
      services: createHostServices(services, {
        ...identity,
        capabilities: manifest.capabilities ?? {},
        callTimeoutMs: limits.callTimeoutMs,
      }),
      sockets: sockets.portOf((): Generation => generation),
      deadlines,
      callTimeoutMs: level === 'none' ? Infinity : callTimeoutOf(manifest, limits.callTimeoutMs),
      maxBodyBytes: manifest.limits?.maxBody === undefined ? Infinity : parseSize(manifest.limits.maxBody),
      log: log.child({ plugin_name: slot.name, version: manifest.version, generation: number }),
      bound: (fn, maker) => boundCallback(slot, maker, fn),
      onExit: (error, exited) => {
        resources.exited(exited, error);
        supervisor.exited(error, exited);
      },
      onFailure: (failed) => supervisor.failed(failed),
      onMove: ({ from, to, reason }, moved) => {
        census.moved(moved, to, Date.now());
        log.debug({ ...identity, plugin_name: slot.name, from, to, reason }, 'generation moved');
        if (to !== 'stopped' && to !== 'failed') return;
        sockets.ended(moved, to);
        resources.ended(moved);
      },
    });
    generation.leases.onDrain = () => sockets.drain(generation);
    census.track(generation);
    return generation;
  };

  const swap: SwapParts = {
    router,
    boards: services,
    slots: () => roster.slots,
    log,
    settings: {
      ...limits,
      watch: { probationMs: limits.probationMs, probeMs: limits.probeMs, rules: settings.watchRules },
    },
    load: (source, signal) => loader.load(source, { signal: signal ?? neverAborted }),
    check: (slot, artifact, wish) => checkArtifact(check, slot, artifact, wish),
    objectionTo: check.objectionTo,
    configFor: check.configFor,
    make,
    noted: (slot, reason) => {
      supervisor.noted(slot);
      transitions.note(slot, reason);
    },
    waitsFor: (plugin) => waitedFor(roster.find(plugin), services.services),
    keepState: (_, state) => keeper.keep(state),
    lastState: (plugin) => keeper.lastState(plugin),
    swapBack: (slot, reason) => {
      void supervisor.swapsBack(slot, reason, (operationId) =>
        verbs.rollback(slot.name, { actor: 'watch', reason, operationId, wait: 'published' }),
      );
    },
    unrevived: (slot, problem) => supervisor.unrevived(slot, problem),
    rolledBack: (slot, reason) => {
      services.runtimeMetrics.rollbackFinished(0);
      slot.countRollback(reason);
      const operationId = supervisor.rolledBack(slot, reason);
      log.warn(
        {
          plugin_name: slot.name,
          operation_id: operationId,
          reason,
          new_version: slot.current?.number,
        },
        'plugin was rolled back by its watch',
      );
      events.emit('rollback', { plugin: slot.name, reason, to: slot.current?.number });
      slot.history.record(watchRecordOf(slot, operationId, reason));
      // Else a restart would bring the bad version back, with no earlier one beside it to return to.
      wishes.record(slot, 'rollback', { actor: 'watch', reason }).catch((error: unknown) => {
        log.error({ plugin_name: slot.name, error: messageOf(error) }, 'a rollback could not be recorded');
      });
    },
  };
  const configOf: RuntimeCore['configOf'] = (name, artifact) => {
    const { schema, variables } = { schema: artifact?.manifest.config, variables: config.pluginVariables };
    const claimed = claimPluginVariables(variables, [{ name, schema }]).byPlugin.get(name);
    const api = wishes.configOf(name);
    return layerConfig({ file: wishes.entryOf(name)?.config, environment: claimed?.config, api });
  };
  const verbs = new Verbs({
    roster,
    queue,
    swap,
    check,
    configOf,
    historyOf: (plugin) => histories.of(plugin),
    log,
    noted: swap.noted,
    beforeTransition: (plugin, from, to, reason) => transitions.askBefore({ plugin, from, to, reason }),
    made: (report, author) => {
      if (author.actor === 'shut-down') return;
      const history = histories.of(report.plugin);
      history.record(changeRecordOf(report, author, { history, slot: roster.find(report.plugin) }));
    },
    finished: (report) => {
      const isDone = report.outcome !== 'kept' && report.outcome !== 'failed';
      services.runtimeMetrics.operationFinished(report.operation, isDone ? 'success' : 'failure', report.durationMs);
      if (report.operation === 'rollback' && isDone) services.runtimeMetrics.rollbackFinished(report.durationMs);
      if (report.operation === 'unload' && isDone) {
        forgetPlugin(services, report.plugin);
        stateAtRest.release(report.plugin);
        resources.monitor.forget(report.plugin);
      }
      transitions.logReport(report);
    },
    wished: (slot, operation, change) => wishes.record(slot, operation, change),
    begins: (plugin, actor, reason) => supervisor.verbBegins(plugin, actor, reason),
    ended: (plugin, actor) => supervisor.verbEnded(plugin, actor),
  });
  const slots = (): readonly PluginSlot[] => roster.slots;
  const withdrawals = new Withdrawals({ verifier, verbs, swap, queue, slots, clock, log });
  const supervisor = new Supervisor({
    clock,
    random: Math.random,
    log,
    verbs,
    swap,
    limits,
    slots: () => roster.slots,
    find: (plugin) => roster.find(plugin),
    policyOf: policyOfSlots((plugin) => wishes.entryOf(plugin)?.recovery),
    noted: swap.noted,
    escalated: (escalation) => {
      events.emit('escalation', escalation);
      void tellEscalation(options.onEscalation, escalation, log);
    },
  });

  const resources = new RuntimeResources({
    clock,
    log,
    slots: () => roster.slots,
    operator: { ...config.plugins.security, maxCPUPercent: settings.mostAllowed.maxCPUPercent },
    thresholds: { warnAt: settings.warnAt, actAt: 1 },
    intervalMs: limits.usageIntervalMs,
    violated: (violation) => {
      events.emit('violation', violation);
      if (!violation.isHeld && settings.onViolation === 'restart')
        supervisor.overLimit(violation.plugin, violation.detail);
    },
  });

  // Who hears of what: a plugin that became active may be what another one waits for.
  events.on('transition', ({ plugin, to }) => {
    if (to === 'failed') services.runtimeMetrics.pluginFailed();
    if (to !== 'active') return;
    unservedSockets.watch(roster.get(plugin));
    for (const slot of waitingFor(roster, plugin)) void verbs.retry(slot);
  });

  return {
    settings,
    log,
    services,
    router,
    sockets,
    unservedSockets,
    roster,
    stateAtRest,
    queue,
    loader,
    deadlines,
    census,
    diagnostics: new Diagnostics({
      census,
      generations: () =>
        roster.slots.flatMap(({ generations, outage }) => [
          ...generations.values(),
          // The last one of a plugin that is down is kept for its routes.
          ...(outage === undefined || generations.has(outage.last.number) ? [] : [outage.last]),
        ]),
      data,
      levels: levelsOf(isolates.factories),
      layers: isolates.look,
      engine: isolates.lookForEngine,
      now: Date.now,
    }),
    events,
    wishes,
    swap,
    verbs,
    verifier,
    withdrawals,
    supervisor,
    resources,
    clock,
    isolates,
    dispatch: createDispatch({ router, identify: options.identify }),
    methods: new PluginMethods(router, roster),
    notices: () => [
      ...settings.notices,
      ...verifier.notices(),
      ...unservedSockets.notices(roster.slots),
      ...isolates.notices(),
      ...unconfinedPlugins(roster.slots),
    ],
    schemaOf,
    configOf,
  };
}

/** The plugins that somebody who holds `slot` waits for: those its requests are in, and those it called. */
function waitedFor(slot: PluginSlot | undefined, services: ServiceDirectory): ReadonlySet<string> {
  if (slot === undefined) return new Set();
  const generations = [...slot.generations.values()];
  const ofRequests = generations.flatMap(({ openLeases }) =>
    Array.from(openLeases, ({ request }) => request?.plugins() ?? []).flat(),
  );
  return new Set([...ofRequests, ...services.calledBy(slot.name)]);
}

function secretReferences(
  configured: Readonly<Record<string, SecretReference>>,
  given: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const references: Record<string, string> = {};
  for (const [name, secret] of Object.entries(configured)) {
    if (secret.type === 'env') references[name] = `env:${secret.variable}`;
    else references[name] = secret.type === 'file' ? `file:${secret.path}` : secret.value;
  }
  return { ...references, ...given };
}
