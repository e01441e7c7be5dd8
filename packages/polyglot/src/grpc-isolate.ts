import { type ExportedState, hotswapVersion, type Registration } from '@hotswap/protocol';
import {
  type DialectRequest,
  type EndFailure,
  type Isolate,
  type IsolateStart,
  type PluginTraits,
  readFolderContent,
  readRegistration,
} from '@hotswap/runtime';
import { type LayerState, type ResourceUsage, unknownUsage } from '@hotswap/sandbox/words';
import { PluginClient } from './calls/plugin-client.ts';
import { handlerOf } from './calls/plugin-handlers.ts';
import { exportState, importState, unlessUnimplemented } from './calls/plugin-state.ts';
import type { Endpoint } from './launch/endpoint.ts';
import { readLogLine } from './launch/log-line.ts';
import { LineBudget, onLines } from './launch/lines.ts';
import type { RegistrationMessage, StateTraitsMessage } from './wire/messages.ts';
import { services } from './wire/services.ts';
import { fail } from './errors.ts';

/** What a gRPC isolate stands on. */
export interface GrpcIsolateParts {
  readonly request: DialectRequest;
  /** Starts the plugin, or reaches the one that runs. */
  readonly open: (start: IsolateStart, root: string) => Promise<Endpoint>;
  /** How long a plugin that listens may take to answer for the first time, in milliseconds. */
  readonly connectMs: number;
}

/** What a plugin that has ended its work may still take to end its process. */
const endMs = 2_000;
const mostRegistrations = 10_000;

/** A plugin that serves, and whose it is. */
interface Running {
  readonly start: IsolateStart;
  readonly endpoint: Endpoint;
  readonly client: PluginClient;
  readonly registrations: readonly RegistrationMessage[];
  readonly state: StateTraitsMessage | undefined;
}

/** A plugin that is a program of its own, called over gRPC. What confines it is up to whoever started it. */
export class GrpcIsolate implements Isolate {
  readonly level: Isolate['level'];
  readonly #parts: GrpcIsolateParts;
  /** Known as soon as there is something to end. */
  #opened: { readonly endpoint: Endpoint; readonly client: PluginClient } | undefined;
  #running: Running | undefined;
  #ending: Promise<readonly EndFailure[]> | undefined;

  constructor(parts: GrpcIsolateParts) {
    this.#parts = parts;
    this.level = parts.request.level;
  }

  async load(start: IsolateStart): Promise<PluginTraits> {
    const { manifest, program } = start;
    const { name: plugin } = manifest;
    if (program.type !== 'executable') throw new Error('the gRPC dialect runs programs alone');
    // It may have been stopped before gRPC was there.
    if (this.#ending !== undefined) throw this.#isOver(plugin);
    await checkUnchanged(plugin, program);
    const endpoint = await this.#parts.open(start, program.root);
    const client = new PluginClient(plugin, endpoint);
    this.#opened = { endpoint, client };
    if (this.#ending !== undefined) {
      // Stopped while it was started: nobody else knows of it.
      await endpoint.end(AbortSignal.abort());
      throw this.#isOver(plugin);
    }
    void endpoint.exited.then(() => this.#exited(start, client));
    await client.ready(this.#parts.connectMs);
    if (endpoint.isRemote) client.onLost(() => this.#exited(start, client));
    await checkServing(plugin, client);
    this.#followOutput(start, client);
    const { registrations, state } = await client.unary(services().plugin.Initialize, {
      hostVersion: hotswapVersion,
      plugin,
      version: manifest.version,
      generation: start.generation,
      config: Buffer.from(JSON.stringify(start.config)),
      isolation: this.level,
    });
    this.#running = { start, endpoint, client, registrations, state: state ?? undefined };
    return { swap: undefined, state: this.#running.state === undefined ? 'none' : rangeOf(this.#running.state) };
  }

  async start(state: ExportedState | undefined): Promise<{ readonly exportsState: boolean }> {
    const { client, start, registrations, state: traits } = this.#isRunning();
    if (state !== undefined) await importState(client, state, false);
    await unlessUnimplemented(client.unary(services().plugin.Start, {}));
    const { name: plugin } = start.manifest;
    for (const [said, registration] of readRegistrations(plugin, registrations)) {
      start.host.register(registration, handlerOf(registration, said, { client, plugin }));
    }
    return { exportsState: traits !== undefined };
  }

  async health(): ReturnType<Isolate['health']> {
    const answer = await unlessUnimplemented(this.#isRunning().client.unary(services().plugin.HealthCheck, {}));
    if (answer === undefined || answer.healthy) return { status: 'healthy' };
    return { status: 'unhealthy', reason: answer.reason };
  }

  /** Another config is another process: the swap between them drops nothing. */
  async configure(): Promise<boolean> {
    return false;
  }

  async exportState(version?: number): Promise<ExportedState | undefined> {
    const { client, start, state } = this.#isRunning();
    return state === undefined ? undefined : exportState(client, start.manifest.name, version);
  }

  async rehearseState(state: ExportedState): Promise<boolean> {
    return importState(this.#isRunning().client, state, true);
  }

  resources(): Readonly<Record<string, number>> {
    return {};
  }

  layers(): readonly LayerState[] {
    return this.#opened?.endpoint.confinement?.layers ?? [];
  }

  async usage(): Promise<ResourceUsage> {
    return this.#opened?.endpoint.confinement?.usage() ?? unknownUsage;
  }

  stop(reason: Error, limit: AbortSignal): Promise<readonly EndFailure[]> {
    this.#ending ??= this.#end(reason, limit);
    return this.#ending;
  }

  async #end(reason: Error, limit: AbortSignal): Promise<readonly EndFailure[]> {
    if (this.#opened === undefined) return [];
    const { client, endpoint } = this.#opened;
    const failures: EndFailure[] = [];
    if (client.end === undefined && this.#running !== undefined) {
      try {
        await shutDown(client, reason, limit);
      } catch (error) {
        failures.push({ kind: 'stop', label: 'the plugin itself', error });
      }
    }
    const isAsked = failures.length === 0 && this.#running !== undefined;
    await endpoint.end(isAsked ? AbortSignal.any([limit, AbortSignal.timeout(endMs)]) : AbortSignal.abort());
    client.close();
    return failures;
  }

  /** Every call under way fails by itself with the same error. */
  #exited({ host, services: { log } }: IsolateStart, { end }: PluginClient): void {
    if (this.#ending !== undefined || end === undefined) return;
    const { lastLines } = end.details;
    if (Array.isArray(lastLines) && lastLines.length > 0) {
      log.error({ last_lines: lastLines }, 'the last lines before it ended');
    }
    // A turn later: by then the calls under way have failed.
    setImmediate(() => host.exited(end));
  }

  /** What a plugin writes after its handshake, where its library sends it this way; others write to the pipe. */
  #followOutput({ services: { log } }: IsolateStart, client: PluginClient): void {
    const budget = new LineBudget();
    const output = client.parts(services().stdio.StreamStdio, {});
    // Most have no such service, and the end of the plugin ends it.
    output.on('error', () => {});
    onLines(
      output.map((part: { readonly data: Uint8Array }) => part.data),
      (line) => {
        if (!budget.take().isTold) return;
        const { level, message, fields } = readLogLine(line, 'stdout');
        log[level](fields, message);
      },
    );
  }

  #isRunning(): Running {
    if (this.#running === undefined) throw new Error('the isolate was not loaded');
    return this.#running;
  }

  #isOver(plugin: string): Error {
    return fail('GRPC_UNREACHABLE', { plugin, address: 'its socket', reason: 'it was stopped while it was loaded' });
  }
}

/** What runs must be what was checked when it was loaded. */
async function checkUnchanged(plugin: string, { root, content }: { root: string; content: string }): Promise<void> {
  const { digest } = await readFolderContent(root, AbortSignal.timeout(30_000));
  if (digest !== content) throw fail('PLUGIN_FOLDER_CHANGED', { plugin, folder: root });
}

async function checkServing(plugin: string, client: PluginClient): Promise<void> {
  const answer = await unlessUnimplemented(client.unary(services().health.Check, { service: 'plugin' }));
  if (answer?.status === 'SERVING') return;
  throw fail('GRPC_NOT_SERVING', { plugin, reason: answer === undefined ? 'it has none' : answer.status });
}

/** Its own `Shutdown`, then that of go-plugin, which ends the process of a plugin that was made with it. */
async function shutDown(client: PluginClient, reason: Error, limit: AbortSignal): Promise<void> {
  const follow = (follower: { abort(reason: unknown): void }): void => {
    if (limit.aborted) follower.abort(limit.reason);
    else limit.addEventListener('abort', () => follower.abort(limit.reason), { once: true });
  };
  const { plugin, controller } = services();
  await unlessUnimplemented(client.unary(plugin.Shutdown, { reason: reason.message, limitMs: endMs }, follow));
  // It may be gone before it has answered.
  await client.unary(controller.Shutdown, {}, follow).catch(() => {});
}

/** @throws GRPC_MESSAGE_INVALID */
function* readRegistrations(
  plugin: string,
  list: readonly RegistrationMessage[],
): Iterable<readonly [RegistrationMessage, Registration]> {
  const ids = new Set<number>();
  if (list.length > mostRegistrations) {
    throw fail('GRPC_MESSAGE_INVALID', { plugin, problem: `more than ${mostRegistrations} registrations` });
  }
  for (const said of list) {
    const { id, route, middleware, method, task, subscription } = said;
    if (id < 1 || ids.has(id)) {
      throw fail('GRPC_MESSAGE_INVALID', { plugin, problem: `two registrations with the id ${id}, or none` });
    }
    ids.add(id);
    const fields =
      (route && { type: 'route', ...route }) ??
      (middleware && { type: 'middleware', ...middleware, paths: orAll(middleware.paths) }) ??
      (method && { type: 'method', ...method }) ??
      (task && { type: 'task', ...task }) ??
      (subscription && { type: 'subscription', ...subscription });
    yield [said, readRegistration({ ...fields, id })];
  }
}

function orAll(paths: readonly string[]): readonly string[] {
  return paths.length === 0 ? ['/*'] : paths;
}

function rangeOf({ version, oldest, returnsTo }: StateTraitsMessage): Exclude<PluginTraits['state'], string> {
  return { version, oldest: oldest || version, returnsTo: returnsTo || version };
}
