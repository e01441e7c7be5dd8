import { setImmediate as nextTurn } from 'node:timers/promises';
import { MessageChannel, Worker } from 'node:worker_threads';
import { messageOf } from '@hotswap/protocol';
import { type ResourceUsage, unknownUsage } from '@hotswap/sandbox/words';
import { bootstrap, GuestCode, type SharedCode } from './guest-code.ts';
import { OutputLines } from '../places/output-lines.ts';
import { processorTimeOf } from './processor-time.ts';
import type { StuckCensus } from '../places/stuck-census.ts';
import type { ThreadWatch, WatchedThread } from './thread-watch.ts';
import type { Place, PlaceExit, PlaceLimits, PlaceOwner } from '../places/place.ts';
import type { ThreadLink } from '../../channel/port-transport.ts';
import { createRingMemory } from '../../channel/ring/ring-memory.ts';
import { RingTransport } from '../../channel/ring/ring-transport.ts';
import type { HostClock } from '../../host-services/system-clock.ts';

/** What a thread is made of. */
export interface WorkerThreadParts {
  /** The guest's entry: its code, or a file. */
  readonly entry: GuestCode | URL;
  /** Nobody waits for it yet, so that it may rehearse. */
  readonly isSpare: boolean;
  /** Where V8 itself ends the thread. It may take the host with it, so it lies far above every soft limit. */
  readonly backstopMB: number;
  /** Flags of Node for the thread alone. */
  readonly execArgv: readonly string[];
  readonly census: StuckCensus;
  readonly watch: ThreadWatch;
  readonly clock: Pick<HostClock, 'after'>;
  /** It is gone, or abandoned. */
  readonly onGone: (thread: WorkerThread) => void;
}

/** What a thread finds in its `workerData`. */
interface GuestData extends ThreadLink {
  readonly rehearses: boolean;
  readonly code: SharedCode | undefined;
}

/** A thread that has not ended so long after it was told to is stuck. */
const terminationMs = 1_000;
const megabyte = 1_048_576;
/** Threads of this process so far. */
let made = 0;

/** A Node worker thread as a place for one generation. */
export class WorkerThread implements Place {
  readonly id: number;
  readonly transport: RingTransport;
  readonly backstopMB: number;
  readonly sharesMemory = true;
  readonly layers = [];
  onExit: Place['onExit'];
  onLine: Place['onLine'];
  /** A spare has delivered what its V8 has compiled. */
  onRehearsed: (() => void) | undefined;
  readonly #worker: Worker;
  readonly #parts: WorkerThreadParts;
  readonly #errors = new OutputLines((line) => this.onLine?.('stderr', line));
  readonly #watched: WatchedThread;
  #owner: PlaceOwner | undefined;
  /** Whether its end was told, or asked for, so that nobody needs to be told. */
  #isSettled = false;
  #failure: Error | undefined;
  #whyEnded = 'it was told to end';
  #ending: Promise<'ended' | 'stuck'> | undefined;

  constructor(parts: WorkerThreadParts) {
    this.#parts = parts;
    this.backstopMB = parts.backstopMB;
    const { port1, port2 } = new MessageChannel();
    const memory = createRingMemory();
    const { entry, isSpare: rehearses } = parts;
    const isCode = entry instanceof GuestCode;
    // The system keeps fifteen letters of it, by which the watch finds the thread again.
    const name = `hotswap ${++made}`;
    const worker = new Worker(isCode ? bootstrap : entry, {
      name,
      eval: isCode,
      workerData: { port: port2, memory, rehearses, code: isCode ? entry.share() : undefined } satisfies GuestData,
      transferList: [port2],
      execArgv: [...parts.execArgv],
      env: guestEnvironment(process.env),
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: parts.backstopMB },
    });
    // Only before it belongs to somebody: later it is a plugin's word.
    if (isCode && rehearses) worker.once('message', (compiled) => this.#rehearsed(entry, compiled));
    this.#worker = worker;
    this.id = worker.threadId;
    this.transport = new RingTransport({
      port: port1,
      memory,
      side: 'host',
      onBroken: (problem) => this.#endBecause({ reason: 'broken', detail: `what it sent is no message: ${problem}` }),
    });
    worker.on('error', (error: Error) => (this.#failure = error));
    worker.once('exit', (code) => void this.#exited(code));
    this.#watched = {
      loop: () => worker.performance.eventLoopUtilization(),
      beats: () => this.transport.guestBeats,
      backlog: () => this.transport.backlog,
      taken: () => this.transport.received,
      sent: () => this.transport.sent,
      heap: async () => usedMegabytes(await worker.getHeapStatistics()),
      processor: processorTimeOf(name),
      ping: () => this.transport.ring(),
      condemn: (verdict) => this.#endBecause(verdict),
    };
  }

  get owner(): PlaceOwner | undefined {
    return this.#owner;
  }

  /** A thread that belongs to nobody does not keep the process alive. */
  belongTo(owner: PlaceOwner | undefined): void {
    this.#owner = owner;
    this.#worker.removeAllListeners('message');
    this.#worker.ref();
    this.transport.keepAlive(true);
    this.#listen();
  }

  /** Not before it belongs to somebody: whoever reads these streams is kept alive by them, and cannot say otherwise. */
  #listen(): void {
    const { stdout, stderr } = this.#worker;
    const output = new OutputLines((line) => this.onLine?.('stdout', line));
    stdout.setEncoding('utf8').on('data', (text: string) => output.push(text));
    stderr.setEncoding('utf8').on('data', (text: string) => this.#errors.push(text));
  }

  /** Their end lets go of the process; what an abandoned thread writes after it is nobody's error. */
  #stopListening(): void {
    for (const stream of [this.#worker.stdout, this.#worker.stderr]) stream.on('error', () => {}).push(null);
  }

  #rehearsed(entry: GuestCode, compiled: unknown): void {
    entry.keep(compiled);
    this.onRehearsed?.();
  }

  beSpare(): void {
    this.#worker.unref();
    this.transport.keepAlive(false);
  }

  watch(limits: PlaceLimits): void {
    if (!this.#isSettled) this.#parts.watch.add(this.#watched, limits);
  }

  /** A thread shares files, sockets and disk with its host: nobody can tell them apart. */
  async usage(): Promise<ResourceUsage> {
    const isOver = this.#isSettled;
    return {
      ...unknownUsage,
      memoryBytes: isOver ? undefined : (await this.#watched.heap()) * megabyte,
      cpuMs: isOver ? undefined : this.#watched.processor()?.usedMs,
    };
  }

  terminate(): Promise<'ended' | 'stuck'> {
    this.#isSettled = true;
    return this.#end();
  }

  #end(): Promise<'ended' | 'stuck'> {
    this.#parts.watch.remove(this.#watched);
    return (this.#ending ??= this.#endOrAbandon());
  }

  async #endOrAbandon(): Promise<'ended' | 'stuck'> {
    const { promise: timeIsUp, resolve } = Promise.withResolvers<'stuck'>();
    const cancel = this.#parts.clock.after(terminationMs, () => resolve('stuck'));
    const ended = this.#worker.terminate().then(() => 'ended' as const);
    const outcome = await Promise.race([ended, timeIsUp]);
    cancel();
    if (outcome === 'stuck') this.#abandon();
    return outcome;
  }

  #abandon(): void {
    this.#worker.unref();
    this.#stopListening();
    this.#parts.census.noteStuck(this, this.#owner, this.#whyEnded);
    this.transport.close();
    this.#parts.onGone(this);
  }

  #endBecause(verdict: Pick<PlaceExit, 'reason' | 'detail'>): void {
    if (this.#isSettled) return;
    this.#whyEnded = verdict.detail;
    this.#tell(verdict);
    void this.#end();
  }

  async #exited(code: number): Promise<void> {
    this.#parts.watch.remove(this.#watched);
    this.#parts.census.noteEnded(this);
    this.#parts.onGone(this);
    if (this.#isSettled) return;
    // What it wrote last is still on its way to the listeners.
    await nextTurn();
    this.#tell(causeOf(code, this.#failure, this.backstopMB));
  }

  #tell(exit: Omit<PlaceExit, 'lastLines'>): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.onExit?.({ ...exit, lastLines: this.#errors.last });
  }
}

function causeOf(code: number, error: Error | undefined, backstopMB: number): Omit<PlaceExit, 'lastLines'> {
  if (error === undefined) return { reason: 'exit', detail: `it ended itself with code ${code}` };
  if ('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY')
    return { reason: 'memory', detail: `it ran into the hard limit of ${backstopMB} MB`, error };
  return { reason: 'error', detail: `an error that nobody caught ended it: ${messageOf(error)}`, error };
}

function usedMegabytes({
  used_heap_size,
  external_memory,
}: {
  used_heap_size: number;
  external_memory: number;
}): number {
  return (used_heap_size + external_memory) / megabyte;
}

/** What belongs to the host alone, its token above all, and what would load the host's hooks into every thread. */
function guestEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isHosts = (name: string): boolean => name.startsWith('HOTSWAP_') || name === 'NODE_OPTIONS';
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !isHosts(name)));
}
