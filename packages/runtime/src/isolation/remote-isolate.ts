import type { ExportedState, IsolationLevel, PluginManifest, Registration } from '@hotswap/protocol';
import type { SocketTraffic } from '@hotswap/sandbox/egress';
import { type LayerState, type ResourceUsage, unknownUsage } from '@hotswap/sandbox/words';
import type { EndFailure, Isolate, IsolateStart, PluginTraits } from './isolate.ts';
import { checkAddons } from './native-addons.ts';
import type { TextProgram } from '../guest/compile.ts';
import type { GuestHandler } from '../guest/guest-host.ts';
import type { Place, PlaceExit, PlaceLimits, PlaceOwner, PlacePool } from './places/place.ts';
import { hostCalls, hostTells, type GuestRights } from './remote/host-calls.ts';
import { type GuestEnding, readEnding, readHealth, readState, readTraits } from './remote/read-answers.ts';
import { remoteHandler } from './remote/remote-handler.ts';
import { graceAfter } from './remote/stop-deadline.ts';
import { InvalidMessage } from '../channel/bounds.ts';
import type { PendingCall } from '../channel/calls.ts';
import { Channel } from '../channel/channel.ts';
import { CrossingValues } from '../channel/crossing-values.ts';
import type { HostMessage, LoadFacts } from '../channel/messages.ts';
import { toWireFailure } from '../channel/wire-failure.ts';
import { fail } from '../errors.ts';

/** What a remote isolate stands on. */
export interface RemoteIsolateParts {
  readonly level: IsolationLevel;
  readonly pool: PlacePool;
  /** What the place of a plugin is held to. */
  readonly limitsOf: (manifest: PluginManifest) => PlaceLimits;
  /** What else the place must know before it is taken; default: nothing. */
  readonly rightsOf?: (
    manifest: PluginManifest,
    program: TextProgram,
    signer: string | undefined,
  ) => Omit<PlaceOwner, 'plugin' | 'generation' | 'limits'>;
}

/** Calls of one guest to its host that may be under way. */
const mostCalls = 1_000;
const mostRegistrations = 10_000;
/** A guest that sends so much of what nobody understands is given up. */
const mostViolations = 100;
/** Larger maps stay with the host, which alone reads them. */
const largestMap = 524_288;

/** A place, the channel to the guest in it, and whose it is. */
interface Running {
  readonly place: Place;
  readonly channel: Channel;
  readonly values: CrossingValues;
  readonly start: IsolateStart;
  /** The number of the last call that the guest took up; none where no memory is shared. */
  readonly progress: Int32Array | undefined;
}

/**
 * The plugin runs outside the host's thread, and its handlers send calls across. What that protects from is up to the
 * place: a thread (`strict`) contains accidents, a confined process (`sandbox`) or a container hostile code.
 */
export class RemoteIsolate implements Isolate {
  readonly level: IsolationLevel;
  readonly #parts: RemoteIsolateParts;
  readonly #ids = new Set<number>();
  #running: Running | undefined;
  #resources: Readonly<Record<string, number>> = {};
  #phase: 'new' | 'starting' | 'started' | 'ended' = 'new';
  #violations = 0;
  #ending: Promise<readonly EndFailure[]> | undefined;

  constructor(parts: RemoteIsolateParts) {
    this.#parts = parts;
    this.level = parts.level;
  }

  async load(start: IsolateStart): Promise<PluginTraits> {
    const { manifest, program, generation, config } = start;
    if (program.type !== 'text') {
      throw fail('ISOLATE_NEEDS_SOURCE', { plugin: manifest.name, level: this.level });
    }
    const limits = this.#parts.limitsOf(manifest);
    const rights = this.#parts.rightsOf?.(manifest, program, start.signer);
    await checkAddons(manifest.name, program);
    const place = await this.#parts.pool.take({ plugin: manifest.name, generation, limits, ...rights });
    if (this.#ending !== undefined) {
      await place.terminate();
      throw fail('ISOLATE_EXITED', { plugin: manifest.name, reason: 'it was stopped while it was loaded' });
    }
    this.#phase = 'starting';
    const { channel, progress } = this.#open(place, start);
    place.watch(limits);
    const { body, file, sourceMap, addons } = program;
    const map = sourceMap !== undefined && sourceMap.length <= largestMap ? sourceMap : undefined;
    const facts: LoadFacts = {
      manifest,
      generation,
      config,
      program: { body, file, sourceMap: map, addons },
      progress,
    };
    return readTraits(await call(channel, ['load', 0, facts]).promise);
  }

  async start(state: ExportedState | undefined): Promise<{ readonly exportsState: boolean }> {
    const given = state && movable(state);
    const { channel } = this.#isRunning();
    const answer = call(channel, ['start', 0, given], given && [given.bytes.buffer]).promise;
    const started = await answer;
    this.#phase = 'started';
    return { exportsState: isTrue(started, 'exportsState') };
  }

  async health(): ReturnType<Isolate['health']> {
    return readHealth(await call(this.#isRunning().channel, ['health', 0]).promise);
  }

  async configure(
    next: Readonly<Record<string, unknown>>,
    previous: Readonly<Record<string, unknown>>,
  ): Promise<boolean> {
    return (await call(this.#isRunning().channel, ['configure', 0, next, previous]).promise) === true;
  }

  async exportState(version?: number): Promise<ExportedState | undefined> {
    return readState(await call(this.#isRunning().channel, ['export-state', 0, version]).promise);
  }

  async rehearseState(state: ExportedState): Promise<boolean> {
    const given = movable(state);
    const { channel } = this.#isRunning();
    return (await call(channel, ['rehearse-state', 0, given], [given.bytes.buffer]).promise) === true;
  }

  resources(): Readonly<Record<string, number>> {
    return this.#resources;
  }

  layers(): readonly LayerState[] {
    return this.#running?.place.layers ?? [];
  }

  async usage(): Promise<ResourceUsage> {
    const running = this.#phase === 'ended' ? undefined : this.#running;
    if (running === undefined) return unknownUsage;
    return withFetches(await running.place.usage(), running.start.services.networkTraffic);
  }

  refusedConnections(): number {
    return this.#running?.place.refusedConnections ?? 0;
  }

  stop(reason: Error, limit: AbortSignal): Promise<readonly EndFailure[]> {
    this.#ending ??= this.#end(reason, limit);
    return this.#ending;
  }

  #open(place: Place, start: IsolateStart): Running {
    const { services, host } = start;
    const values = new CrossingValues({
      channel: () => channel,
      adopt: (invoke) => host.bound(invoke as GuestHandler),
    });
    const rights: GuestRights = {
      channel: () => channel,
      values,
      services,
      fault: (where, error) => host.fault(where, error),
      sockets: host.sockets,
      register: (registration) => this.#register(registration, { channel, values, start }),
      resources: (counts) => (this.#resources = counts),
    };
    const channel: Channel = new Channel({
      transport: place.transport,
      calls: hostCalls(rights),
      tells: hostTells(rights),
      mostCalls,
      violated: (problem) => this.#violated(problem),
    });
    place.onExit = (exit) => this.#exited(exit);
    place.isAwaited = () => channel.pendingCount > 0;
    place.onLine = (stream, line) => services.log.info({ stream }, line);
    place.onRefused = ({ code, entry, leftOut, message }) =>
      services.log.warn({ code, entry, left_out: leftOut }, `a connection of the plugin was refused: ${message}`);
    place.transport.onClose = () => this.#exited({ reason: 'exit', detail: 'its channel closed', lastLines: [] });
    const progress = place.sharesMemory ? new Int32Array(new SharedArrayBuffer(4)) : undefined;
    this.#running = { place, channel, values, start, progress };
    return this.#running;
  }

  #register(
    registration: Registration,
    { channel, values, start }: Pick<Running, 'channel' | 'values' | 'start'>,
  ): void {
    const isUsable = this.#phase === 'starting' && !this.#ids.has(registration.id);
    if (!isUsable || this.#ids.size >= mostRegistrations) throw new InvalidMessage('a registration that cannot be');
    this.#ids.add(registration.id);
    start.host.register(registration, remoteHandler(registration, channel, values));
  }

  #violated(problem: string): void {
    const { start, place } = this.#isRunning();
    start.host.fault('message', fail('GUEST_MESSAGE_INVALID', { plugin: start.manifest.name, problem }));
    if (++this.#violations !== mostViolations) return;
    this.#exited({ reason: 'broken', detail: `it sent ${mostViolations} messages that cannot be`, lastLines: [] });
    void place.terminate();
  }

  /** The place is gone: every call is settled now, and each says whether the guest had begun it. */
  #exited({ reason, detail, error, lastLines }: PlaceExit): void {
    if (this.#running === undefined || this.#phase === 'ended') return;
    this.#phase = 'ended';
    this.#resources = {};
    const { channel, values, progress, start } = this.#running;
    const { name: plugin } = start.manifest;
    const exit = fail('ISOLATE_EXITED', { plugin, reason: detail, cause: reason }, { cause: error });
    const taken = progress?.[0] ?? 0;
    channel.close(exit, (pending) =>
      // Where nobody can say, it may have been.
      progress === undefined || isTakenUp(pending, taken)
        ? exit
        : fail('ISOLATE_EXITED', { plugin, reason: detail, cause: reason, begun: false }),
    );
    values.close();
    if (this.#ending !== undefined) return;
    if (lastLines.length > 0) start.services.log.error({ last_lines: lastLines }, 'the last lines before it ended');
    // A turn later: by then each call has failed with its own error, which says whether it was begun.
    queueMicrotask(() => start.host.exited(exit));
  }

  async #end(reason: Error, limit: AbortSignal): Promise<readonly EndFailure[]> {
    if (this.#running === undefined) return [];
    const { place, channel, values, start } = this.#running;
    place.hurry?.();
    const ending = this.#phase === 'ended' ? undefined : await stopGuest(channel, reason, limit);
    this.#phase = 'ended';
    channel.close(fail('ISOLATE_EXITED', { plugin: start.manifest.name, reason: 'it was stopped' }));
    values.close();
    this.#resources = {};
    const { failures = [], holds = true } = ending ?? {};
    const gone = place.terminate();
    // Whoever takes over need not wait for the end of a place that has let go of everything. If that end never comes,
    // the pool says so.
    if (!holds || (await gone) === 'ended') return failures;
    const error = fail('ISOLATE_STUCK', { plugin: start.manifest.name });
    return [...failures, { kind: 'place', label: `${this.level} ${place.id}`, error }];
  }

  #isRunning(): Running {
    if (this.#running === undefined) throw new Error('the isolate was not loaded');
    return this.#running;
  }
}

/** Asks the guest to end; whatever it has not done when `limit` and a grace are over is left to the end of the place. */
async function stopGuest(channel: Channel, reason: Error, limit: AbortSignal): Promise<GuestEnding> {
  const stopping = call(channel, ['stop', 0, toWireFailure(reason)]);
  const abort = (): void => stopping.abort(limit.reason);
  if (limit.aborted) abort();
  else limit.addEventListener('abort', abort, { once: true });
  const grace = graceAfter(limit);
  try {
    return readEnding(await Promise.race([stopping.promise, grace.over]));
  } catch (error) {
    return { failures: [{ kind: 'stop', label: 'the isolate', error }], holds: true };
  } finally {
    grace.cancel();
    limit.removeEventListener('abort', abort);
  }
}

function call(channel: Channel, message: HostMessage, transfer?: readonly ArrayBuffer[]): PendingCall {
  return channel.call([...message], undefined, undefined, transfer);
}

/** What the host fetched for a plugin counts as its own. Of a thread, which shares its host's sockets, nothing else is known. */
function withFetches(usage: ResourceUsage, { sentBytes, receivedBytes }: SocketTraffic): ResourceUsage {
  return {
    ...usage,
    networkSentBytes: (usage.networkSentBytes ?? 0) + sentBytes,
    networkReceivedBytes: (usage.networkReceivedBytes ?? 0) + receivedBytes,
  };
}

/** A copy that may move: the snapshot that it is taken from is kept. */
function movable({ schemaVersion, bytes }: ExportedState): ExportedState & { readonly bytes: Uint8Array<ArrayBuffer> } {
  return { schemaVersion, bytes: new Uint8Array(bytes) };
}

/** Numbers go round: a call is later than the last one taken up when it is less than half the circle ahead. */
function isTakenUp({ id }: PendingCall, taken: number): boolean {
  return ((id - taken) & 0x3fff_ffff) > 0x1fff_ffff || id === taken;
}

function isTrue(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && Reflect.get(value, name) === true;
}
