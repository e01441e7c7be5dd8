import type { ConfinedExit, ConfinedProcess, ConfinementLimits } from '@hotswap/sandbox';
import { OutputBound } from './output-bound.ts';
import { guestProcessorOf } from './guest-processor.ts';
import { placeExitOf } from './process-exit.ts';
import { ProcessPlace } from './process-place.ts';
import type { Verdict } from './process-vitals.ts';
import type { ProcessWatch, WatchedProcess } from './process-watch.ts';
import type { RefusalLog } from './refusal-log.ts';
import type { PlaceExit, PlaceOwner } from '../places/place.ts';
import type { StuckCensus } from '../places/stuck-census.ts';
import { firstLane, Lanes } from '../../channel/lanes/lanes.ts';
import { SocketTransport } from '../../channel/socket-transport.ts';
import type { HostClock } from '../../host-services/system-clock.ts';

/** What a process of guests is made of. */
export interface GuestProcessParts {
  readonly confined: ConfinedProcess;
  /** What its way out refuses. */
  readonly refusals: RefusalLog;
  readonly census: StuckCensus;
  readonly watch: ProcessWatch;
  readonly clock: Pick<HostClock, 'after'>;
  /** How long after it was killed it counts as stuck. */
  readonly killMs: number;
  /** It is gone, or abandoned. */
  readonly onGone: (process: GuestProcess) => void;
}

/** What a process wrote before its end is waited for so long: it is in the pipes already. */
const lastWordsMs = 250;
/** One that closes its channel ends within that time, or is ended. */
const goodbyeMs = 1_000;
/** Processes of this host so far. */
let made = 0;

/** A confined process that runs the guests of one plugin, or of several that share it. */
export class GuestProcess {
  readonly id: number;
  readonly confined: ConfinedProcess;
  readonly lanes: Lanes;
  /** Told once, when it is about to end or has ended: nobody new may come in. */
  onEnding: (() => void) | undefined;
  /** Resolves when its entry is up, or it is over. */
  readonly whenReady: Promise<void>;
  readonly #parts: GuestProcessParts;
  readonly #transport: SocketTransport;
  readonly #places = new Map<number, ProcessPlace>();
  readonly #outputs: readonly OutputBound[];
  readonly #errors: OutputBound;
  readonly #watched: WatchedProcess;
  #ready: () => void = () => {};
  #isReady = false;
  #lastLane = firstLane - 1;
  #lastBeat = 0;
  #owner: PlaceOwner | undefined;
  /** Why it is being ended; what its system says of its end counts only where nobody ended it. */
  #verdict: Verdict | undefined;
  /** Whether its end was told, or asked for. */
  #isSettled = false;
  #ending: Promise<'ended' | 'stuck'> | undefined;

  constructor(parts: GuestProcessParts) {
    const { confined, clock, watch, refusals } = parts;
    this.#parts = parts;
    this.confined = confined;
    this.id = ++made;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.whenReady = promise;
    this.#ready = resolve;
    this.#errors = new OutputBound(confined.stderr, clock, (line) => this.#line('stderr', line));
    this.#outputs = [this.#errors, new OutputBound(confined.stdout, clock, (line) => this.#line('stdout', line))];
    refusals.onTold = (refusal) => this.places[0]?.onRefused?.(refusal);
    this.#transport = new SocketTransport({
      channel: confined.channel,
      onBroken: (problem) => this.endBecause({ reason: 'broken', detail: `what it sent is no message: ${problem}` }),
    });
    this.lanes = new Lanes(this.#transport);
    this.lanes.onControl = (message) => this.#told(message);
    this.lanes.onUnknown = (lane) => this.#strayed(lane);
    this.lanes.onTraffic = () => watch.wake(this.#watched);
    this.lanes.onClose = () => void this.#lostChannel();
    this.#watched = {
      received: () => this.lanes.received,
      sent: () => this.lanes.sent,
      unreadBytes: () => this.#transport.unwrittenBytes,
      isAwaited: () => this.#isReady && this.places.some(({ isAwaited }) => isAwaited?.() ?? false),
      graceMs: () => this.#graceMs(),
      processorTime: guestProcessorOf(confined.pid),
      beat: () => this.lanes.tell(['beat', ++this.#lastBeat]),
      beQuiet: () => (this.lanes.isQuiet = true),
      condemn: (verdict) => this.endBecause(verdict),
    };
    this.lanes.isQuiet = true;
    void confined.exited.then((exit) => this.#exited(exit));
  }

  get places(): readonly ProcessPlace[] {
    return [...this.#places.values()];
  }

  get refusedConnections(): number {
    return this.#parts.refusals.tooMany;
  }

  get isEnding(): boolean {
    return this.#isSettled || this.#verdict !== undefined;
  }

  /** Whether its entry is up, and it is not about to end. */
  get isUsable(): boolean {
    return this.#isReady && !this.isEnding;
  }

  /** A lane of its own for one generation. */
  open(owner: PlaceOwner | undefined): ProcessPlace {
    const lane = ++this.#lastLane;
    this.#owner ??= owner;
    const place = new ProcessPlace(this, lane, owner);
    this.#places.set(lane, place);
    return place;
  }

  /** What one of its places was is over: with the last of them the process ends. */
  leave(lane: number): Promise<'ended' | 'stuck'> {
    this.#places.delete(lane);
    if (this.#places.size === 0) return this.end();
    this.lanes.drop(lane);
    this.lanes.tell(['drop', lane]);
    return Promise.resolve('ended');
  }

  /** Ends it without a word to anybody. */
  end(): Promise<'ended' | 'stuck'> {
    this.#isSettled = true;
    return this.#kill();
  }

  endBecause(verdict: Verdict): void {
    if (this.isEnding) return;
    this.#verdict = verdict;
    this.#tell({ ...verdict, lastLines: this.#errors.last });
    void this.#kill();
  }

  limit(limits: ConfinementLimits): Promise<void> {
    return this.confined.limit(limits);
  }

  #kill(): Promise<'ended' | 'stuck'> {
    this.#parts.watch.remove(this.#watched);
    this.onEnding?.();
    return (this.#ending ??= this.#killOrAbandon());
  }

  async #killOrAbandon(): Promise<'ended' | 'stuck'> {
    const { promise: timeIsUp, resolve } = Promise.withResolvers<'stuck'>();
    const cancel = this.#parts.clock.after(this.#parts.killMs, () => resolve('stuck'));
    const outcome = await Promise.race([this.confined.kill().then(() => 'ended' as const), timeIsUp]);
    cancel();
    if (outcome === 'stuck') this.#abandon();
    return outcome;
  }

  #abandon(): void {
    this.confined.unref();
    this.#release();
    this.#parts.census.noteStuck(this, this.#owner, this.#verdict?.detail ?? 'it was told to end');
    this.#parts.onGone(this);
  }

  async #exited(exit: ConfinedExit): Promise<void> {
    this.#parts.watch.remove(this.#watched);
    this.#parts.census.noteEnded(this);
    this.onEnding?.();
    for (const output of this.#outputs) output.release();
    if (!this.isEnding) await this.#lastWords();
    this.#tell(placeExitOf(exit, this.#errors.last));
    this.#release();
    this.#parts.onGone(this);
  }

  /** Answers and lines that it sent before its end are still in the pipes. */
  async #lastWords(): Promise<void> {
    const { channel, stdout, stderr } = this.confined;
    const { promise: timeIsUp, resolve } = Promise.withResolvers<void>();
    const cancel = this.#parts.clock.after(lastWordsMs, resolve);
    await Promise.race([Promise.all([channel, stdout, stderr].map(ended)), timeIsUp]);
    cancel();
  }

  #release(): void {
    const { channel, stdout, stderr } = this.confined;
    for (const stream of [channel, stdout, stderr]) stream.on('error', () => {}).destroy();
  }

  /** Its end closes the channel too, and says more about why. */
  async #lostChannel(): Promise<void> {
    if (this.isEnding) return;
    const { promise: timeIsUp, resolve } = Promise.withResolvers<undefined>();
    const cancel = this.#parts.clock.after(goodbyeMs, () => resolve(undefined));
    const exit = await Promise.race([this.confined.exited, timeIsUp]);
    cancel();
    if (exit === undefined) this.endBecause({ reason: 'broken', detail: 'it closed its channel' });
  }

  #tell(exit: PlaceExit): void {
    this.#ready();
    if (this.#isSettled) return;
    this.#isSettled = true;
    for (const place of this.#places.values()) place.onExit?.(exit);
    for (const place of this.#places.values()) place.transport.onClose?.();
  }

  #told(message: unknown): void {
    const [tag]: readonly unknown[] = Array.isArray(message) ? message : [];
    if (tag === 'beat') return;
    if (tag !== 'ready') return this.endBecause({ reason: 'broken', detail: 'it said what no process may say' });
    this.#isReady = true;
    this.#ready();
  }

  /** What was under way when a lane was closed may still come. */
  #strayed(lane: number): void {
    if (!Number.isSafeInteger(lane) || lane < firstLane || lane > this.#lastLane)
      this.endBecause({ reason: 'broken', detail: 'it spoke for a plugin that it does not run' });
  }

  #line(stream: 'stdout' | 'stderr', line: string): void {
    this.places[0]?.onLine?.(stream, line);
  }

  #graceMs(): number | undefined {
    if (!this.#isReady) return undefined;
    const all = this.places.flatMap(({ limits }) => (limits === undefined ? [] : [limits.graceMs]));
    return all.length === 0 ? undefined : Math.max(...all);
  }
}

async function ended(stream: NodeJS.ReadableStream & { readonly closed?: boolean; readonly readableEnded?: boolean }) {
  if (stream.closed === true || stream.readableEnded === true) return;
  await new Promise<void>((resolve) => {
    stream.once('end', resolve);
    stream.once('close', resolve);
  });
}
