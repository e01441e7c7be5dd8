import { setImmediate as nextTurn } from 'node:timers/promises';
import { messageOf } from '@hotswap/protocol';
import type { MaybePromise } from '@hotswap/sdk';
import type { MethodInvoker } from './calls.ts';
import { composeRuntime, type RuntimeCore } from './compose-runtime.ts';
import { openDesiredState } from './config/desired/desired-state.ts';
import type { ConfigurablePlugin } from './config/plugin/plugin-variables.ts';
import type { RuntimeConfig } from './config/runtime-config.ts';
import type { DiagnoseOptions, Diagnosis } from './diagnosis/diagnosis.ts';
import { fail } from './errors.ts';
import type { ExtensionPointDeclarations, HostExtensionPoints } from './host-services/extension-points.ts';
import { followSources } from './config/watching/follow-sources.ts';
import { createSystemClock } from './host-services/system-clock.ts';
import { createHttpFace, type HttpFace } from './http/http-face.ts';
import type { PluginSource } from './loading/plugin-source.ts';
import { createManagement, type Management, type ManagementOptions } from './management/management.ts';
import { type ConnectMiddleware, toConnect } from './management/connect.ts';
import type { CallOptions } from './plugin/plugin-call.ts';
import type { PluginSlot } from './plugin/plugin-slot.ts';
import { type HealthProbe, startHealthProbe } from './recovery/health-probe.ts';
import { guardProcess, type ProcessGuard } from './recovery/process-guard.ts';
import { resolveSettings, type RuntimeOptions } from './runtime-options.ts';
import { createServiceFace, type ServiceFace } from './service-face.ts';
import { metricsText } from './management/metrics-text.ts';
import type { PluginHistory, PluginStatus, RuntimeStatus } from './status.ts';
import { noteNeed } from './verbs/start-up/needed-plugin.ts';
import type { PluginVerbs } from './verbs/plugin-verbs.ts';
import { provisionalName } from './verbs/start-up/find-plugins.ts';
import { checkVariables } from './verbs/start-up/check-variables.ts';
import { startPlugins, type WantedPlugin } from './verbs/start-up/start-plugins.ts';
import { noteMissing, sourcesIn, wantedPlugins } from './verbs/start-up/wanted-plugins.ts';
import { statusOfSlot } from './verbs/status/status-of-slot.ts';
import type { RuntimeEvents } from './verbs/transitions.ts';
import { updateConfig, type ConfigUpdate } from './verbs/update-config.ts';

/** Management as a middleware, and as a function for hosts that hold web-standard requests. */
export type MountedManagement = ConnectMiddleware & Management;

/** Runs plugins in this process. Made by `createRuntime`; `close` ends it. */
export interface Runtime extends PluginVerbs, HttpFace, ServiceFace, AsyncDisposable {
  /** Starts every plugin of the directory and the config. One that fails is `failed`; the others run. */
  start(): Promise<Runtime>;
  /** Drains and stops every plugin, dependents first. Safe to call twice. */
  close(): Promise<void>;
  status(): RuntimeStatus;
  /** @throws PLUGIN_UNKNOWN */
  pluginStatus(plugin: string): PluginStatus;
  /** The config in force, secrets masked; undefined for a plugin that is not there. */
  pluginConfig(plugin: string): Readonly<Record<string, unknown>> | undefined;
  /**
   * Who changed a plugin, when, why and with what outcome, and what it can be rolled back to; also of one that was
   * unloaded.
   *
   * @throws PLUGIN_UNKNOWN
   */
  pluginHistory(plugin: string): PluginHistory;
  /**
   * Looks for what is wrong: the machine, the plugins, and generations that should be gone.
   *
   * @throws DIAGNOSIS_RUNNING, DIAGNOSIS_FAILED when a search for leaks was asked for
   */
  diagnose(options?: DiagnoseOptions): Promise<Diagnosis>;
  /** Whether everything that shall run has started. */
  readiness(): { readonly ready: boolean; readonly reasons: readonly string[] };
  /** Takes a new config over: the smallest changes, those of several plugins published together. */
  updateConfig(config: RuntimeConfig): Promise<ConfigUpdate>;
  /** All metrics in the Prometheus text format. */
  metrics(): string;
  /** Calls a plugin's method. An answer that is no promise comes back at once. */
  invoke(plugin: string, method: string, data?: unknown, options?: CallOptions): MaybePromise<unknown>;
  /** A function that calls a plugin's method, without a look-up each time. */
  method<Input, Output>(plugin: string, method: string): MethodInvoker<Input, Output>;
  /** Emits an event to the plugins, from `host`. */
  emit(event: string, payload?: unknown): Promise<void>;
  /** Declares the host's own extension points. */
  extend<Declarations extends ExtensionPointDeclarations>(
    declarations: Declarations,
  ): HostExtensionPoints<Declarations>;
  /** Hears of transitions, finished changes and rollbacks. @returns what ends the subscription */
  on<Name extends keyof RuntimeEvents>(event: Name, listener: (payload: RuntimeEvents[Name][0]) => void): () => void;
  /** The `/plugins/*`, health and metrics endpoints. Closed to changes unless `authorize` or a token is given. */
  management(options?: ManagementOptions): MountedManagement;
}

/**
 * Makes a runtime. Endpoints can be mounted at once; plugins run after `start`.
 *
 * @throws CONFIG_SYNTAX, CONFIG_INVALID, CONFIG_UNREADABLE
 * @example
 * const runtime = await createRuntime({ plugins: './plugins' }).start();
 * http.createServer(runtime.listener()).listen(8080);
 */
export function createRuntime(options: RuntimeOptions = {}): Runtime {
  return new PluginRuntime(composeRuntime(resolveSettings(options), options), options);
}

class PluginRuntime implements Runtime {
  readonly load: PluginVerbs['load'];
  readonly unload: PluginVerbs['unload'];
  readonly reload: PluginVerbs['reload'];
  readonly swap: PluginVerbs['swap'];
  readonly configure: PluginVerbs['configure'];
  readonly enable: PluginVerbs['enable'];
  readonly disable: PluginVerbs['disable'];
  readonly restart: PluginVerbs['restart'];
  readonly rollback: PluginVerbs['rollback'];
  readonly promote: PluginVerbs['promote'];
  readonly plan: PluginVerbs['plan'];
  readonly listener: HttpFace['listener'];
  readonly express: HttpFace['express'];
  readonly fastify: HttpFace['fastify'];
  readonly koa: HttpFace['koa'];
  readonly fetch: HttpFace['fetch'];
  readonly websockets: HttpFace['websockets'];
  readonly use: ServiceFace['use'];
  readonly watch: ServiceFace['watch'];
  readonly services: ServiceFace['services'];
  readonly #core: RuntimeCore;
  readonly #options: RuntimeOptions;
  readonly #startedAt = Date.now();
  #phase: 'created' | 'starting' | 'running' | 'closed' = 'created';
  #config: RuntimeConfig;
  #probe: HealthProbe | undefined;
  #guard: ProcessGuard | undefined;
  #follower: AsyncDisposable | undefined;
  #closing: Promise<void> | undefined;

  constructor(core: RuntimeCore, options: RuntimeOptions) {
    this.#core = core;
    this.#options = options;
    this.#config = core.settings.config;
    const { verbs } = core;
    this.load = this.#open((...args) => verbs.load(...args));
    this.unload = this.#open((...args) => verbs.unload(...args));
    this.reload = this.#open((...args) => verbs.reload(...args));
    this.swap = this.#open((...args) => verbs.swap(...args));
    this.configure = this.#open((...args) => verbs.configure(...args));
    this.enable = this.#open((...args) => verbs.enable(...args));
    this.disable = this.#open((...args) => verbs.disable(...args));
    this.restart = this.#open((...args) => verbs.restart(...args));
    this.rollback = this.#open((...args) => verbs.rollback(...args));
    this.promote = this.#open((...args) => verbs.promote(...args));
    this.plan = this.#open((...args) => verbs.plan(...args));
    ({
      listener: this.listener,
      express: this.express,
      fastify: this.fastify,
      koa: this.koa,
      fetch: this.fetch,
      websockets: this.websockets,
    } = createHttpFace({
      ...core,
      hub: core.sockets,
      announceDrain: () => {
        for (const { current } of core.roster.slots) current?.leases.announceDrain();
      },
    }));
    const { services, settings, log } = core;
    const timeoutMs = settings.limits.callTimeoutMs;
    ({
      use: this.use,
      watch: this.watch,
      services: this.services,
    } = createServiceFace({ directory: services.services, timeoutMs, log }));
  }

  /** The recipe of a start; `close` reads it from the bottom. */
  async start(): Promise<Runtime> {
    const { settings, roster, wishes, verbs, swap, supervisor, stateAtRest, log } = this.#core;
    if (this.#phase !== 'created') throw fail('RUNTIME_STARTED_ALREADY');
    this.#phase = 'starting';
    for (const notice of settings.notices) log.warn({ notice }, 'runtime notice');
    if (settings.data !== undefined) wishes.attach(await openDesiredState(settings.data, { now: Date.now }));
    await stateAtRest.open(settings.data);
    const generations = () => roster.slots.flatMap((slot) => [...slot.generations.values()]);
    const files = () => this.#core.census.files;
    if (this.#options.guardProcess ?? true) this.#guard = guardProcess({ generations, files, log });
    if (settings.config.plugins.enabled) {
      const { loadOrderPlaces, plugins } = settings.config;
      const { loadOrder } = plugins;
      const load = (source: PluginSource) => swap.load(source, undefined);
      const unmet = (slot: PluginSlot): void => noteNeed(slot, slot.failure, { roster, noted: swap.noted });
      const parts = {
        verbs,
        load,
        loadOrder,
        loadOrderPlaces,
        configOf: this.#core.configOf,
        checkVariables: (read: readonly ConfigurablePlugin[]) =>
          checkVariables(read, { config: this.#config, desired: wishes.desired?.plugins ?? {} }),
        unmet,
        log,
      };
      await startPlugins(parts, await this.#wanted());
    }
    supervisor.start();
    this.#core.withdrawals.start();
    this.#core.resources.monitor.start();
    stateAtRest.start();
    this.#probe = startHealthProbe({
      slots: () => roster.slots,
      clock: this.#core.clock,
      intervalMs: settings.limits.healthIntervalMs,
      probed: (slot, problem) => supervisor.probed(slot, problem),
    });
    if (this.#options.watch === true && settings.directory !== undefined) {
      const clock = createSystemClock();
      this.#follower = await followSources({ runtime: this, directory: settings.directory, clock, log });
    }
    this.#phase = 'running';
    return this;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  status(): RuntimeStatus {
    const { settings, roster, isolates } = this.#core;
    const { threads, processes, containers } = isolates;
    const layers = isolates.layers();
    const dependents = roster.dependents();
    const plugins = roster.slots.map((slot) => statusOfSlot(this.#core, slot, dependents.get(slot.name) ?? []));
    return {
      enabled: settings.config.plugins.enabled && this.#phase !== 'created',
      startedAt: this.#startedAt,
      pluginDirectory: settings.directory ?? '',
      activeRequests: plugins.reduce((sum, { activeRequests }) => sum + activeRequests, 0),
      notices: this.#core.notices(),
      threads: threads.status(),
      processes: processes.status(),
      containers: containers.status(),
      sandbox: layers && { layers },
      plugins,
    };
  }

  pluginStatus(plugin: string): PluginStatus {
    const { roster } = this.#core;
    return statusOfSlot(this.#core, roster.get(plugin), roster.dependentsOf(plugin));
  }

  pluginConfig(plugin: string): Readonly<Record<string, unknown>> | undefined {
    const slot = this.#core.roster.find(plugin);
    if (slot === undefined) return undefined;
    const { current } = slot;
    return current ? this.#core.schemaOf(current.artifact).mask(current.config) : {};
  }

  pluginHistory(plugin: string): PluginHistory {
    const history = this.#core.stateAtRest.historyOf(plugin);
    if (history === undefined) throw fail('PLUGIN_UNKNOWN', { plugin });
    return history;
  }

  diagnose(options?: DiagnoseOptions): Promise<Diagnosis> {
    return this.#core.diagnostics.run(() => this.status(), options);
  }

  readiness(): { readonly ready: boolean; readonly reasons: readonly string[] } {
    if (this.#phase === 'running') return { ready: true, reasons: [] };
    return { ready: false, reasons: [`the runtime is ${this.#phase}`] };
  }

  /** One at a time: each starts from what the one before has left in force. */
  updateConfig(config: RuntimeConfig): Promise<ConfigUpdate> {
    const { queue, roster, verbs, wishes, settings, log } = this.#core;
    return queue.run('#config', async () => {
      const { directory } = settings;
      const findInDirectory = async (plugin: string): Promise<string | undefined> => {
        const isRequired = this.#options.plugins !== undefined;
        for (const source of directory === undefined ? [] : await sourcesIn(directory, isRequired)) {
          if ((await provisionalName(source)) === plugin) return String(source);
        }
        return undefined;
      };
      const change = { current: this.#config, next: config };
      wishes.followFile(config.plugins.entries);
      const update = await updateConfig({ roster, verbs, wishes, directory, findInDirectory }, change);
      for (const [name, entry] of Object.entries(config.plugins.entries)) {
        const isNew = this.#config.plugins.entries[name] === undefined && wishes.desired?.plugins[name] === undefined;
        if (isNew && entry.source === undefined && roster.find(name) === undefined) noteMissing(log, name, entry);
      }
      this.#config = config;
      return update;
    });
  }

  metrics(): string {
    return metricsText(this.#core);
  }

  invoke(plugin: string, method: string, data?: unknown, options?: CallOptions): MaybePromise<unknown> {
    return this.#core.methods.bind<unknown, unknown>(plugin, method)(data, options);
  }

  method<Input, Output>(plugin: string, method: string): MethodInvoker<Input, Output> {
    return this.#core.methods.bind(plugin, method);
  }

  emit(event: string, payload?: unknown): Promise<void> {
    return this.#core.services.events.emit('host', event, payload);
  }

  extend<Declarations extends ExtensionPointDeclarations>(
    declarations: Declarations,
  ): HostExtensionPoints<Declarations> {
    return this.#core.services.extensions.extend(declarations);
  }

  on<Name extends keyof RuntimeEvents>(event: Name, listener: (payload: RuntimeEvents[Name][0]) => void): () => void {
    const { events, log } = this.#core;
    // A listener only hears of a change: what it throws must not break the change, nor keep others from hearing.
    const guarded = (payload: RuntimeEvents[Name][0]): void => {
      try {
        listener(payload);
      } catch (error) {
        log.error({ event, error: messageOf(error) }, 'a listener of the runtime failed');
      }
    };
    // The tuple type of a generic event name is out of the emitter's reach.
    const heard = guarded as never;
    events.on(event, heard);
    return () => void events.off(event, heard);
  }

  management(options: ManagementOptions = {}): MountedManagement {
    const { settings, log } = this.#core;
    const sources = Object.values(settings.config.plugins.entries).map(({ source }) => source);
    const management = createManagement(
      {
        verbs: this,
        status: () => this.status(),
        pluginConfig: (plugin) => this.pluginConfig(plugin),
        pluginHistory: (plugin) => this.pluginHistory(plugin),
        pluginRoots: [settings.directory, ...sources, ...(this.#options.pluginRoots ?? [])].filter(
          (path) => path !== undefined,
        ),
        metricsText: () => this.metrics(),
        readiness: () => this.readiness(),
        diagnose: (options) => this.diagnose(options),
        now: Date.now,
        log,
      },
      options,
    );
    return Object.assign(toConnect(management), management);
  }

  #wanted(): Promise<readonly WantedPlugin[]> {
    const { settings, wishes, log } = this.#core;
    const desired = wishes.desired?.plugins ?? {};
    const isDirectoryRequired = this.#options.plugins !== undefined;
    return wantedPlugins({ config: this.#config, desired, directory: settings.directory, isDirectoryRequired, log });
  }

  async #close(): Promise<void> {
    const { roster, verbs, queue, loader, deadlines, wishes, services, supervisor, stateAtRest, log } = this.#core;
    this.#phase = 'closed';
    this.#core.diagnostics.close();
    await this.#follower?.[Symbol.asyncDispose]();
    this.#probe?.close();
    this.#core.resources.monitor.close();
    supervisor.close();
    await this.#core.withdrawals.close();
    stateAtRest.stop();
    await queue.whenIdle();
    const order = [...new Set(roster.slots.flatMap((slot) => roster.cascadeOf(slot.name)))];
    for (const name of order) {
      const report = await verbs.remove(name).catch((error: unknown) => ({ reason: error }));
      if (report.reason !== undefined)
        log.error({ plugin_name: name, error: report.reason }, 'plugin did not end well');
    }
    deadlines.close();
    await this.#core.isolates.close();
    await wishes.close();
    await stateAtRest.close();
    await loader.close();
    await services.storage.close();
    // What the last generations left behind fails a turn later: it is still theirs.
    await nextTurn();
    this.#guard?.close();
  }

  /** A verb that is refused once the runtime is closed. */
  #open<Args extends readonly unknown[], Result>(verb: (...args: Args) => Promise<Result>) {
    return async (...args: Args): Promise<Result> => {
      if (this.#phase === 'closed') throw fail('RUNTIME_CLOSED');
      return verb(...args);
    };
  }
}
