import { type ExportedState, messageOf } from '@hotswap/protocol';
import { bringUp, evaluate } from './bring-up.ts';
import { drain, type DrainLimits } from './drain.ts';
import {
  handOver,
  type HandedOver,
  type HandOverParts,
  type HandOverSettings,
  rehearse,
  type Turn,
} from './exclusive/hand-over.ts';
import { empty, type Holding, holdArrivals, letIn } from './exclusive/hold-arrivals.ts';
import type { StatePassage } from './exclusive/state-passage.ts';
import { publish, type PublishParts, routeTo } from './publish.ts';
import { retire, type RetireParts } from './retire.ts';
import { returnToPrevious } from './rollback.ts';
import { StepClock, toWireError } from './step-clock.ts';
import { emptyReport, type SwapReport } from './swap-report.ts';
import type { Operation } from '../status.ts';
import { watchCandidate, type WatchSettings } from './probation/watch.ts';
import { fail } from '../errors.ts';
import type { Artifact } from '../loading/artifact.ts';
import type { PluginSource } from '../loading/plugin-source.ts';
import type { Generation } from '../plugin/generation.ts';
import { isExclusive } from '../plugin/swap-mode.ts';
import type { PluginSlot, SlotWish } from '../plugin/plugin-slot.ts';
import { takeSnapshot } from '../state/take-snapshot.ts';

export interface SwapSettings extends DrainLimits, HandOverSettings {
  readonly watch: WatchSettings;
}

/** What a swap is made with. */
export interface SwapParts extends PublishParts, RetireParts, HandOverParts {
  readonly settings: SwapSettings;
  readonly load: (source: PluginSource, signal: AbortSignal | undefined) => Promise<Artifact>;
  /** Refuses an artifact that must not take this slot's place; throws a coded error. */
  readonly check: (slot: PluginSlot, artifact: Artifact, wish: SlotWish) => void;
  /** Why the operator's trust does not cover an artifact any more. */
  readonly objectionTo: (artifact: Artifact) => Error | undefined;
  /** The config a generation starts with: secrets resolved, defaults filled in; rejects with CONFIG_REJECTED. */
  readonly configFor: (artifact: Artifact, config: SlotWish['config']) => Promise<SlotWish['config']>;
  /** The state that was kept last, for a generation that nobody hands over to. */
  readonly lastState: (plugin: string) => Promise<ExportedState | undefined>;
  /** A watch wants the generation before back, which has let go already: that takes a change of its own. */
  readonly swapBack: (slot: PluginSlot, reason: string) => void;
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
  /** Writes may be lost where no migration leads down. */
  readonly isForced?: boolean | undefined;
}

/** A change of one plugin under way, and the log of its steps. */
interface Attempt {
  readonly slot: PluginSlot;
  readonly change: Change;
  readonly steps: StepClock;
}

/** An attempt whose generation is ready to serve, or ready to take over from one that lets go first. */
interface Candidate extends Attempt {
  readonly generation: Generation;
  /** The hand-over it needs before it can be published. */
  readonly turn: (Omit<Turn, 'steps'> & { readonly passage: StatePassage }) | undefined;
  /** Its arrivals, held back meanwhile. */
  holding: Holding | undefined;
  /** That hand-over, once it is done. */
  handedOver: HandedOver | undefined;
}

const nothingYet = { turn: undefined, holding: undefined, handedOver: undefined } as const;

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
    await handOverTogether(parts, candidates);
    before = publishTogether(parts, candidates);
  } catch (error) {
    for (const { slot, generation, holding, handedOver } of candidates.toReversed()) {
      if (handedOver) await handedOver.undo(error);
      else if (holding) letIn(parts, holding);
      await discard(parts, slot, generation, error);
    }
    return attempts.map((attempt, index) => refused(parts, attempt, candidates[index], givenUp(attempt) ?? error));
  }
  // Past the point of no return: nothing from here on may take the candidates down again.
  return candidates.map((candidate, index) => succeed(parts, candidate, before[index]));
}

/** Everything that can be done while the old generation serves. What it began is ended again when a step throws. */
async function prepare(parts: SwapParts, { slot, change, steps }: Attempt): Promise<Candidate> {
  const { settings } = parts;
  const { wish, signal } = change;
  const artifact = change.artifact ?? (await steps.run('load', () => parts.load(wish.source, signal)));
  const config = await steps.run('check', () => {
    parts.check(slot, artifact, wish);
    return parts.configFor(artifact, wish.config);
  });
  const generation = parts.make(slot, artifact, { ...wish, config });
  const previous = slot.current?.state === 'active' ? slot.current : undefined;
  const limit = { limitMs: settings.loadTimeoutMs, signal };
  slot.add(generation);
  try {
    await steps.run('evaluate', () => evaluate(generation, limit));
    const turn = { slot, previous, generation, signal };
    if (isTakeOver(turn)) {
      const earlier = await earlierState(slot, change);
      const passage = await steps.run('rehearse', () => rehearse(parts, turn, earlier));
      return { ...nothingYet, slot, change, steps, generation, turn: { ...turn, passage } };
    }
    await bringUp(generation, await stateBeside(parts, turn), steps, limit);
  } catch (error) {
    await discard(parts, slot, generation, error);
    throw error;
  }
  return { ...nothingYet, slot, change, steps, generation };
}

/** Whether the old generation must let go before the new one starts. */
function isTakeOver(turn: {
  readonly previous: Generation | undefined;
  readonly generation: Generation;
}): turn is { readonly previous: Generation; readonly generation: Generation } & Omit<Turn, 'steps'> {
  const { previous, generation } = turn;
  return previous !== undefined && (isExclusive(previous) || isExclusive(generation));
}

/** What a generation starts with that nobody hands over to: what was kept last, or a cache's copy as good as may be. */
async function stateBeside(
  parts: SwapParts,
  { previous, generation }: { readonly previous: Generation | undefined; readonly generation: Generation },
): Promise<ExportedState | undefined> {
  const { plugin, traits } = generation;
  if (traits.state === 'none' && !isExclusive(generation)) return undefined;
  if (previous === undefined) return parts.lastState(plugin);
  try {
    return await previous.exportState();
  } catch (error) {
    parts.log.warn({ plugin_name: plugin, error: toWireError(error) }, 'a cache was not carried over');
    return undefined;
  }
}

/** Those whose old generation must let go first: all of them are empty before the first one stops. */
async function handOverTogether(parts: SwapParts, candidates: readonly Candidate[]): Promise<void> {
  const turns = candidates.flatMap((candidate) =>
    candidate.turn === undefined ? [] : [{ candidate, turn: { ...candidate.turn, steps: candidate.steps } }],
  );
  const [first] = turns;
  if (first === undefined) return;
  const holdings = holdArrivals(
    parts,
    turns.map(({ turn }) => turn),
    first.turn.signal,
  );
  for (const [index, { candidate }] of turns.entries()) candidate.holding = holdings[index];
  await first.turn.steps.run('park', () => empty(parts, holdings));
  for (const { candidate, turn } of turns) {
    const { passage } = turn;
    const { holding } = candidate;
    if (holding) candidate.handedOver = await handOver(parts, turn, { passage, holding });
  }
}

/**
 * Publishes candidates at once, all or none.
 *
 * @returns what served before each of them
 */
function publishTogether(parts: SwapParts, candidates: readonly Candidate[]): readonly (Generation | undefined)[] {
  const before = candidates.map(({ slot }) => slot.current);
  const successions = candidates.map(({ slot, generation }) => ({ slot, successor: generation }));
  const parkings = candidates.map(({ slot }) => slot.parking);
  try {
    for (const { slot } of candidates) slot.parking = undefined;
    for (const { change, steps } of candidates.slice(0, 1)) {
      const table = steps.runSync('route', () => routeTo(parts, successions));
      steps.runSync('publish', () => publish(parts, successions, change.operation, table));
    }
  } catch (error) {
    for (const [index, { slot }] of candidates.entries()) slot.parking = parkings[index];
    throw error;
  }
  return before;
}

function succeed(parts: SwapParts, candidate: Candidate, previous: Generation | undefined): Swapping {
  const { slot, change, generation, holding, handedOver } = candidate;
  holding?.limit.end();
  const carried = holding?.lot.release() ?? 0;
  slot.health = { status: 'healthy', reason: undefined, checkedAt: Date.now() };
  // A restart is no change: what was there before it is what is there now.
  const isNoted = previous && change.isReturn !== true && change.operation !== 'restart';
  if (isNoted) slot.history.push(takeSnapshot(slot, previous, change, handedOver?.state));
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
  const isWatched = previous !== undefined && previous.state !== 'failed' && parts.settings.watch.probationMs > 0;
  if (isWatched) watch(parts, { slot, candidate: generation, previous });
  const published = report(candidate, previous, { cancelled: 0, carried });
  if (previous === undefined) return { published, drained: Promise.resolve(published) };
  const gone = seeOff(parts, { slot, previous, isWatched }, candidate.steps);
  slot.track(gone);
  return { published, drained: gone.then((cancelled) => report(candidate, previous, { cancelled, carried })) };
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
  if (previous.state !== 'draining') {
    // It has let go already, or has crashed.
    await retire(parts, slot, previous, 'replaced');
    return 0;
  }
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
      if (previous.state === 'stopped') return parts.swapBack(slot, reason);
      slot.track(returnToPrevious(parts, { slot, from: candidate, to: previous }, reason));
      parts.rolledBack(slot, reason);
    },
  });
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

function refused(
  parts: SwapParts,
  { slot, change, steps }: Attempt,
  candidate: Candidate | undefined,
  error: unknown,
): Swapping {
  const isServing = slot.current?.state === 'active';
  const reason = toWireError(error);
  slot.operation = undefined;
  if (!isServing) slot.failure = reason;
  parts.noted(slot, reason.message);
  const { operation, operationId } = change;
  const published: SwapReport = {
    ...emptyReport({ outcome: isServing ? 'kept' : 'failed', operation, operationId, plugin: slot.name }),
    from: candidate?.turn?.previous.number ?? slot.current?.number,
    to: slot.current?.number,
    steps: steps.steps,
    reason,
    parked: candidate?.holding?.lot.parked ?? 0,
    durationMs: steps.durationMs,
  };
  return { published, drained: Promise.resolve(published) };
}

function report(
  candidate: Candidate,
  previous: Generation | undefined,
  counts: { readonly cancelled: number; readonly carried: number },
): SwapReport {
  const { slot, change, steps, generation, holding, handedOver } = candidate;
  const { operation, operationId } = change;
  return {
    ...emptyReport({ outcome: 'swapped', operation, operationId, plugin: slot.name }),
    ...counts,
    from: previous?.number,
    to: generation.number,
    steps: [...steps.steps],
    parked: holding?.lot.parked ?? 0,
    lost: handedOver?.lost ?? 0,
    durationMs: steps.durationMs,
  };
}

async function earlierState({ history }: PluginSlot, { isReturn = false, isForced = false }: Change) {
  const kept = isReturn ? history.latest?.state : undefined;
  return { earlier: kept && ((await kept.read()) ?? ('gone' as const)), isForced };
}
