// What each endpoint does: shape in, one call on the runtime, shape out.
import type { PluginHistory, PluginStatus, RuntimeStatus } from '../status.ts';
import type { ChangeOptions, LoadOptions, Plan, PluginVerbs } from '../verbs/plugin-verbs.ts';
import { reportError, type SwapReport } from '../swap/swap-report.ts';
import type { Operation } from '../status.ts';
import type { Diagnosis } from '../diagnosis/diagnosis.ts';
import type { IsolationLevel, WireError } from '@hotswap/protocol';
import type { Logger, MaybePromise } from '@hotswap/sdk';
import { fail } from '../errors.ts';
import { errorAnswer, failureOf, jsonAnswer, metricsAnswer } from './answer.ts';
import { healthOf, unixSeconds } from './health.ts';
import { resolvePluginPath } from './plugin-path.ts';
import type { JsonObject } from './request-body.ts';
import { flagField, invalid, objectField, required, textField } from './request-body.ts';
import type { EndpointName, Verb } from './routes.ts';
import { healthBody, historyBody, listBody, pluginBody, statusBody } from './status-body.ts';

/** What management needs of a runtime. */
export interface ManagementTarget {
  readonly verbs: PluginVerbs;
  status(): RuntimeStatus;
  /** The config in force with secrets masked; `undefined` for a plugin that is not there. */
  pluginConfig(plugin: string): JsonObject | undefined;
  /** @throws PLUGIN_UNKNOWN */
  pluginHistory(plugin: string): PluginHistory;
  /** Folders that plugins named by path must lie in; relative paths start at the first. */
  readonly pluginRoots: readonly string[];
  /** All metrics in the Prometheus text format. */
  metricsText(): MaybePromise<string>;
  /** Whether traffic should be sent here, and if not, why: sentences without secrets, anyone may read them. */
  readiness(): { readonly ready: boolean; readonly reasons: readonly string[] };
  /** Looks for what is wrong, and with `leaks` also through the heap, for which the process stands still. */
  diagnose(options: { readonly leaks: boolean }): Promise<Diagnosis>;
  /** Milliseconds since the epoch. */
  now(): number;
  readonly log: Pick<Logger, 'warn' | 'error'>;
}

/** One call of an endpoint, admitted and with its body read. */
export interface ManagementCall {
  readonly target: ManagementTarget;
  /** From the path or from `?plugin=`. */
  readonly plugin: string | undefined;
  readonly body: JsonObject | undefined;
  readonly actor: string;
  /** The caller added `?report=true`: more than the published fields, such as the swap report of a change. */
  readonly wantsReport: boolean;
}

type Endpoint = (call: ManagementCall) => MaybePromise<Response>;

export const endpoints: Readonly<Record<EndpointName, Endpoint>> = {
  status: ({ target }) => jsonAnswer(200, statusBody(target.status(), target.now())),
  list: ({ target, wantsReport }) => jsonAnswer(200, listBody(target.status(), target.now(), wantsReport)),
  health: ({ target }) => jsonAnswer(200, healthBody(target.status(), target.now())),
  plugin: (call) => jsonAnswer(200, pluginBody(pluginOf(call), call.target.now())),
  history: (call) => jsonAnswer(200, historyBody(call.target.pluginHistory(namedPlugin(call)), call.target.now())),
  metrics: async ({ target }) => metricsAnswer(await target.metricsText()),
  doctor: async ({ target }) => diagnosisAnswer(target, false),
  'doctor-search': async ({ target, body }) => diagnosisAnswer(target, flagField(body, 'leaks')),

  liveness: ({ target }) => jsonAnswer(200, { status: 'alive', timestamp: unixSeconds(target.now()) }),
  readiness: ({ target }) => {
    const { ready, reasons } = target.readiness();
    const body = { status: ready ? 'ready' : 'not-ready', reasons, timestamp: unixSeconds(target.now()) };
    return jsonAnswer(ready ? 200 : 503, body);
  },
  'overall-health': ({ target }) => {
    const body = healthBody(target.status(), target.now());
    return jsonAnswer(body['overall_status'] === 'unhealthy' ? 503 : 200, body);
  },
  'plugin-health': (call) => {
    const plugin = pluginOf(call);
    const health = healthOf(plugin);
    const body = { plugin: plugin.name, ...health, timestamp: unixSeconds(call.target.now()) };
    return jsonAnswer(health.status === 'unhealthy' ? 503 : 200, body);
  },

  'read-config': (call) => {
    const plugin = namedPlugin(call);
    const config = { ...ownEnabled(call, plugin), ...configOf(call, plugin) };
    return jsonAnswer(200, { plugin, config, timestamp: unixSeconds(call.target.now()) });
  },
  'write-config': async (call) => {
    const plugin = namedPlugin(call);
    const { isEnabled, wish, config } = splitConfig(call, required(call.body, 'the new config'));
    const options = { actor: call.actor };
    if (wish === true && !isEnabled) await done(call.target.verbs.enable(plugin, options));
    const report = await call.target.verbs.configure(plugin, config, options);
    if (wish === false && isEnabled) await done(call.target.verbs.disable(plugin, options));
    return successAnswer(call, report, 'Configuration updated and plugin reloaded');
  },
  'reload-gracefully': async (call) => {
    const report = await call.target.verbs.reload(namedPlugin(call), changeOptions(call));
    return successAnswer(call, report, 'Plugin reloaded successfully with graceful draining');
  },

  load: async (call) => {
    const source = await sourceOf(call, 'pluginPath');
    const report = await call.target.verbs.load(required(source, 'pluginPath'), loadOptions(call, 'configuration'));
    return doneAnswer(call, report, 'loaded');
  },
  plan: async (call) => {
    const plan = await planOf(call);
    return jsonAnswer(200, { ...plan, timestamp: unixSeconds(call.target.now()) });
  },
  reload: async (call) => doneAnswer(call, await reload(call), 'reloaded'),
  swap: async (call) => {
    const source = required(await sourceOf(call, 'newPluginPath', 'pluginPath'), 'newPluginPath');
    const options = loadOptions(call, 'newConfiguration', 'configuration');
    return doneAnswer(call, await call.target.verbs.swap(namedPlugin(call), source, options), 'swapped');
  },
  unload: async (call) => {
    const options = { ...changeOptions(call), cascade: flagField(call.body, 'cascade') };
    return doneAnswer(call, await call.target.verbs.unload(namedPlugin(call), options), 'unloaded');
  },
  rollback: async (call) => {
    const options = { ...changeOptions(call), force: flagField(call.body, 'force') };
    return doneAnswer(call, await call.target.verbs.rollback(namedPlugin(call), options), 'rolled_back');
  },
  promote: async (call) => {
    const level = required(textField(call.body, 'isolation'), 'isolation');
    if (!isIsolationLevel(level)) throw invalid(`isolation is none of ${isolationLevels.join(', ')}`);
    const report = await call.target.verbs.promote(namedPlugin(call), level, changeOptions(call));
    return doneAnswer(call, report, 'promoted');
  },
  restart: simpleChange('restart', 'restarted'),
  enable: simpleChange('enable', 'enabled'),
  disable: simpleChange('disable', 'disabled'),
};

async function diagnosisAnswer(target: ManagementTarget, leaks: boolean): Promise<Response> {
  return jsonAnswer(200, { ...(await target.diagnose({ leaks })), timestamp: unixSeconds(target.now()) });
}

function configOf({ target }: ManagementCall, plugin: string): JsonObject {
  const config = target.pluginConfig(plugin);
  if (config === undefined) throw fail('PLUGIN_UNKNOWN', { plugin: JSON.stringify(plugin) });
  return config;
}

/** The published config begins with whether the plugin is enabled, unless the plugin has a setting of that name. */
function ownEnabled(call: ManagementCall, plugin: string): JsonObject {
  if (Object.hasOwn(configOf(call, plugin), 'enabled')) return {};
  const state = call.target.status().plugins.find(({ name }) => name === plugin)?.state;
  return { enabled: state !== 'disabled' };
}

/** What was read may be sent back as it is: `enabled` is the operator's wish, the rest is the plugin's config. */
function splitConfig(call: ManagementCall, body: JsonObject) {
  const { enabled: isEnabled } = ownEnabled(call, namedPlugin(call));
  if (isEnabled === undefined || !Object.hasOwn(body, 'enabled')) return { isEnabled, wish: undefined, config: body };
  const { enabled: wish, ...config } = body;
  if (typeof wish !== 'boolean') throw invalid('"enabled" must be true or false');
  return { isEnabled, wish, config };
}

/** A step on the way to another change: where it fails, its reason is the answer. */
async function done(change: Promise<SwapReport>): Promise<void> {
  const error = reportError(await change);
  if (error) throw error;
}

/** The fields that a body may have; where none are named here, the body is the plugin's own. */
export const bodyFields: Readonly<Partial<Record<EndpointName, readonly string[]>>> = {
  'doctor-search': ['leaks'],
  'reload-gracefully': ['reason'],
  load: ['pluginPath', 'configuration', 'reason'],
  plan: ['operation', 'plugin', 'name', 'pluginPath', 'newPluginPath', 'cascade'],
  reload: ['newPluginPath', 'newConfiguration', 'reason'],
  swap: ['newPluginPath', 'pluginPath', 'newConfiguration', 'configuration', 'reason'],
  unload: ['cascade', 'reason'],
  rollback: ['force', 'reason'],
  promote: ['isolation', 'reason'],
  restart: ['reason'],
  enable: ['reason'],
  disable: ['reason'],
};

function simpleChange(verb: Extract<Verb, 'restart' | 'enable' | 'disable'>, done: string): Endpoint {
  return async (call) => doneAnswer(call, await call.target.verbs[verb](namedPlugin(call), changeOptions(call)), done);
}

/** Reload says by its fields what it is: with a path a swap, with a config alone a new config, else a reload. */
async function reload(call: ManagementCall): Promise<SwapReport> {
  const { verbs } = call.target;
  const plugin = namedPlugin(call);
  const source = await sourceOf(call, 'newPluginPath');
  const { config, ...options } = loadOptions(call, 'newConfiguration');
  if (source !== undefined) return await verbs.swap(plugin, source, { ...options, ...(config && { config }) });
  return config ? await verbs.configure(plugin, config, options) : await verbs.reload(plugin, options);
}

const operations: readonly string[] = [
  'load',
  'unload',
  'reload',
  'swap',
  'configure',
  'enable',
  'disable',
  'restart',
  'rollback',
  'promote',
] satisfies readonly Operation[];

async function planOf(call: ManagementCall): Promise<Plan> {
  const operation = required(textField(call.body, 'operation'), 'operation');
  if (!isOperation(operation)) throw invalid(`operation is none of ${operations.join(', ')}`);
  const plugin = call.plugin ?? textField(call.body, 'plugin', 'name');
  // A load is planned before anyone knows the name; every other change is of a plugin that is there.
  if (plugin === undefined && operation !== 'load') throw fail('PLUGIN_NAME_MISSING');
  const source = await sourceOf(call, 'pluginPath', 'newPluginPath');
  return await call.target.verbs.plan(operation, plugin ?? '', {
    ...(source !== undefined && { source }),
    cascade: flagField(call.body, 'cascade'),
  });
}

const isolationLevels: readonly string[] = [
  'none',
  'basic',
  'strict',
  'sandbox',
  'container',
] satisfies readonly IsolationLevel[];

function isIsolationLevel(word: string): word is IsolationLevel {
  return isolationLevels.includes(word);
}

function isOperation(word: string): word is Operation {
  return operations.includes(word);
}

async function sourceOf(call: ManagementCall, ...names: readonly string[]): Promise<string | undefined> {
  const path = textField(call.body, ...names);
  return path === undefined ? undefined : await resolvePluginPath(path, call.target.pluginRoots);
}

function loadOptions(call: ManagementCall, ...names: readonly string[]): LoadOptions {
  const config = objectField(call.body, ...names);
  return { ...changeOptions(call), ...(config && { config }) };
}

/** A client that leaves does not stop a change half-way: no signal is passed on. */
function changeOptions(call: ManagementCall): ChangeOptions {
  const reason = textField(call.body, 'reason');
  return { actor: call.actor, ...(reason !== undefined && { reason }) };
}

function namedPlugin(call: ManagementCall): string {
  if (call.plugin === undefined) throw fail('PLUGIN_NAME_MISSING');
  return call.plugin;
}

function pluginOf(call: ManagementCall): PluginStatus {
  const name = namedPlugin(call);
  const plugin = call.target.status().plugins.find((candidate) => candidate.name === name);
  if (!plugin) throw fail('PLUGIN_UNKNOWN', { plugin: JSON.stringify(name) });
  return plugin;
}

function doneAnswer(call: ManagementCall, report: SwapReport, done: string): Response {
  const failure = failureOf(report);
  if (failure) return failedAnswer(call, report, failure);
  return jsonAnswer(200, { status: done, ...(call.wantsReport && { report }) });
}

function successAnswer(call: ManagementCall, report: SwapReport, message: string): Response {
  const failure = failureOf(report);
  if (failure) return failedAnswer(call, report, failure);
  const { plugin } = report;
  return jsonAnswer(200, { plugin, status: 'success', message, timestamp: unixSeconds(call.target.now()) });
}

function failedAnswer(call: ManagementCall, report: SwapReport, failure: WireError): Response {
  return errorAnswer(failure, call.plugin ?? report.plugin, call.target.now());
}
