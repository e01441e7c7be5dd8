import { messageOf } from '@hotswap/protocol';
import type { Logger } from '@hotswap/sdk';
import { drain, type DrainLimits } from './drain.ts';
import { publish, type PublishParts, routeTo } from './publish.ts';
import { retire, type RetireParts } from './retire.ts';
import { returnToPrevious } from './rollback.ts';
import { StepClock, toWireError } from './step-clock.ts';
import { emptyReport, type SwapReport } from './swap-report.ts';
import type { Operation } from '../status.ts';
import { withLimit } from './time-limit.ts';
import { warmUp } from './warm-up.ts';
import { watchCandidate, type WatchSettings } from './probation/watch.ts';
import { fail } from '../errors.ts';
import type { Artifact } from '../loading/artifact.ts';
import type { PluginSource } from '../loading/plugin-source.ts';
import type { Generation } from '../plugin/generation.ts';
import type { PluginSlot, SlotWish } from '../plugin/plugin-slot.ts';

export interface SwapSettings extends DrainLimits {
  readonly loadTimeoutMs: number;
  readonly shutdownTimeoutMs: number;
  readonly watch: WatchSettings;
}

/** What a swap is made with. */
export interface SwapParts extends PublishParts, RetireParts {
  readonly settings: SwapSettings;
  readonly log: Logger;
  readonly load: (source: PluginSource, signal: AbortSignal | undefined) => Promise<Artifact>;
  /** Refuses an artifact that must not take this slot's place; throws a coded error. */
  readonly check: (slot: PluginSlot, artifact: Artifact, wish: SlotWish) => void;
  /** The config a generation starts with: secrets resolved, defaults filled in; rejects with CONFIG_REJECTED. */
  readonly configFor: (artifact: Artifact, config: SlotWish['config']) => Promise<SlotWish['config']>;
  readonly make: (slot: PluginSlot, artifact: Artifact, wish: SlotWish) => Generation;
  /** A public state may have changed. */
  readonly noted: (slot: PluginSlot, reason: string) => void;
  /** A watch ended with a return to the generation before. */
  readonly rolledBack: (slot: PluginSlot, reason: string) => void;
}

/** One change of one plugin: what it shall run from now on. */
export interface Change {
  readonly operation: Operation;
  readonly operationId: string;
  readonly wish: SlotWish;
  /** Already loaded, where the caller had to look inside. */
  readonly artifact?: Artifact | undefined;
  readonly actor: string;
  readonly reason: string;
  readonly signal: AbortSignal | undefined;
  /** A change that goes back uses its snapshot up and takes none. */
  readonly isReturn?: boolean;
}

/** A change of one plugin under way, and the log of its steps. */
interface Attempt {
  readonly slot: PluginSlot;
  readonly change: Change;
  readonly steps: StepClock;
}

/** An attempt whose generation is ready to serve. */
interface Candidate extends Attempt {
  readonly generation: Generation;
}

/** A swap's two moments: when the new generation serves, and when the old one has let go. */
export interface Swapping {
  readonly published: SwapReport;
  readonly drained: Promise<SwapReport>;
}

/**
 * The recipe of every change that brings a new generation: load, check, start, warm up, publish, drain, watch.
 * Until publish a failure ends the candidate and nobody notices; the result says why. A first load is a swap from nothing.
 */
export async function swap(parts: SwapParts, slot: PluginSlot, change: Change): Promise<Swapping> {
  const [swapping] = await swapTogether(parts, [{ slot, change }]);
  return swapping as Swapping;
}

/** The same for several plugins: all candidates are ready before the first is published, or none is published. */
export async function swapTogether(
  parts: SwapParts,
  changes: readonly { readonly slot: PluginSlot; readonly change: Change }[],
): Promise<readonly Swapping[]> {
  const attempts = changes.map(({ slot, change }) => ({ slot, change, steps: new StepClock() }));
  const candidates: Candidate[] = [];
  for (const { slot, change } of attempts) {
    slot.operation = slot.current === undefined ? 'start' : 'replace';
    parts.noted(slot, change.operation);
  }
  let before: readonly (Generation | undefined)[];
  try {
    for (const attempt of attempts) candidates.push(await prepare(parts, attempt));
    before = publishTogether(parts, candidates);
  } catch (error) {
    for (const { slot, generation } of candidates) await discard(parts, slot, generation, error);
    return attempts.map((attempt) => refused(parts, attempt, givenUp(attempt) ?? error));
  }
  // Past the point of no return: nothing from here on may take the candidates down again.
  return candidates.map((candidate, index) => succeed(parts, candidate, before[index]));
}

/** Everything before publish. What it began is ended again when a step throws. */
async function prepare(parts: SwapParts, { slot, change, steps }: Attempt): Promise<Candidate> {
  const { settings } = parts;
  const { wish, signal } = change;
  const artifact = change.artifact ?? (await steps.run('load', () => parts.load(wish.source, signal)));
  const config = await steps.run('check', () => {
    parts.check(slot, artifact, wish);
    return parts.configFor(artifact, wish.config);
  });
  const generation = parts.make(slot, artifact, { ...wish, config });
  slot.add(generation);
  try {
    await steps.run('start', () => start(generation, settings.loadTimeoutMs, signal));
    await steps.run('warm-up', () =>
      warmUp(generation, {
        times: artifact.manifest.health?.warmUp ?? 1,
        limitMs: settings.loadTimeoutMs,
        signal,
      }),
    );
    generation.lifecycle.move('ready', 'healthy');
  } catch (error) {
    await discard(parts, slot, generation, error);
    throw error;
  }
  slot.health = { status: 'healthy', reason: undefined, checkedAt: Date.now() };
  return { slot, change, steps, generation };
}

/**
 * Publishes candidates at once, all or none.
 *
 * @returns what served before each of them
 */
function publishTogether(parts: SwapParts, candidates: readonly Candidate[]): readonly (Generation | undefined)[] {
  const before = candidates.map(({ slot }) => slot.current);
  const successions = candidates.map(({ slot, generation }) => ({ slot, successor: generation }));
  for (const { change, steps } of candidates.slice(0, 1)) {
    const table = steps.runSync('route', () => routeTo(parts, successions));
    steps.runSync('publish', () => publish(parts, successions, change.operation, table));
  }
  return before;
}

function succeed(parts: SwapParts, candidate: Candidate, previous: Generation | undefined): Swapping {
  const { slot, change, generation } = candidate;
  if (previous && change.isReturn !== true) slot.history.push(snapshotOf(slot, previous, change));
  if (change.isReturn === true) slot.history.pop();
  slot.wish = change.wish;
  slot.operation = undefined;
  slot.failure = undefined;
  slot.needs = undefined;
  slot.loadedAt ??= Date.now();
  if (previous) {
    slot.reloadCount++;
    slot.lastReloadAt = Date.now();
  }
  slot.probation?.conclude('a newer generation took over');
  parts.noted(slot, change.reason);
  const isWatched = previous !== undefined && parts.settings.watch.probationMs > 0;
  if (isWatched) watch(parts, { slot, candidate: generation, previous });
  const published = report(candidate, previous, 0);
  if (previous === undefined) return { published, drained: Promise.resolve(published) };
  const gone = seeOff(parts, { slot, previous, isWatched }, candidate.steps);
  slot.track(gone);
  return { published, drained: gone.then((cancelled) => report(candidate, previous, cancelled)) };
}

/** Drains a generation that gave way; it then stands by while its successor is on probation, or stops. */
async function seeOff(
  parts: SwapParts,
  {
    slot,
    previous,
    isWatched,
  }: { readonly slot: PluginSlot; readonly previous: Generation; readonly isWatched: boolean },
  steps: StepClock,
): Promise<number> {
  const cancelled = await steps.run('drain', () => drain(previous, parts.settings, parts.boards.events));
  // A rollback may have come meanwhile: then it serves again.
  if (previous.state !== 'draining') return cancelled;
  if (isWatched && slot.probation?.previous === previous) previous.lifecycle.move('standby', 'drained');
  else await retire(parts, slot, previous, 'replaced');
  return cancelled;
}

function watch(
  parts: SwapParts,
  pair: { readonly slot: PluginSlot; readonly candidate: Generation; readonly previous: Generation },
): void {
  const { slot, candidate, previous } = pair;
  watchCandidate(pair, parts.settings.watch, {
    onKept: () => {
      if (previous.state === 'standby') slot.track(retire(parts, slot, previous, 'its successor was kept'));
    },
    onRollback: (reason) => {
      slot.track(returnToPrevious(parts, { slot, from: candidate, to: previous }, reason));
      parts.rolledBack(slot, reason);
    },
  });
}

async function start(generation: Generation, limitMs: number, signal: AbortSignal | undefined): Promise<void> {
  generation.lifecycle.move('starting', 'chosen');
  const timedOut = () =>
    fail('PLUGIN_PHASE_TIMED_OUT', { plugin: generation.plugin, phase: 'start', limitMs, setting: 'loadTimeout' });
  const started = generation.load().then(() => generation.start());
  await withLimit(started, { ms: limitMs, signal, timedOut });
}

/** What undoes `make` and `start`: the candidate never served, so nobody is waited for. */
async function discard(parts: SwapParts, slot: PluginSlot, generation: Generation, error: unknown): Promise<void> {
  if (generation.lifecycle.can('failed')) generation.lifecycle.move('failed', toWireError(error).code);
  await retire(parts, slot, generation, 'refused');
}

/** What the caller's signal ended is told as that, whatever it came out as. */
function givenUp({ slot, change }: Attempt): Error | undefined {
  const { signal, operation } = change;
  if (signal?.aborted !== true) return undefined;
  return fail('OPERATION_ABORTED', { operation, plugin: slot.name, reason: messageOf(signal.reason) });
}

function refused(parts: SwapParts, { slot, change, steps }: Attempt, error: unknown): Swapping {
  const isServing = slot.current !== undefined;
  const reason = toWireError(error);
  slot.operation = undefined;
  if (!isServing) slot.failure = reason;
  parts.noted(slot, reason.message);
  const { operation, operationId } = change;
  const published: SwapReport = {
    ...emptyReport({ outcome: isServing ? 'kept' : 'failed', operation, operationId, plugin: slot.name }),
    from: slot.current?.number,
    to: slot.current?.number,
    steps: steps.steps,
    reason,
    durationMs: steps.durationMs,
  };
  return { published, drained: Promise.resolve(published) };
}

function report(candidate: Candidate, previous: Generation | undefined, cancelled: number): SwapReport {
  const { slot, change, steps, generation } = candidate;
  const { operation, operationId } = change;
  return {
    ...emptyReport({ outcome: 'swapped', operation, operationId, plugin: slot.name }),
    from: previous?.number,
    to: generation.number,
    steps: [...steps.steps],
    cancelled,
    durationMs: steps.durationMs,
  };
}

function snapshotOf(slot: PluginSlot, previous: Generation, { actor, reason }: Change) {
  return {
    generation: previous.number,
    artifact: previous.artifact,
    source: slot.wish.source,
    config: slot.wish.config,
    takenAt: Date.now(),
    actor,
    reason,
  };
}
