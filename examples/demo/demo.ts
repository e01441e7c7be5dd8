import { setTimeout as delay } from 'node:timers/promises';
import type { SwapReport } from '@hotswap/runtime';
import { LoadGenerator } from './load/load-generator.ts';
import type { LoadResult, RequestCounts } from './load/load-messages.ts';
import { firstAnswer, firstVersion, scenarios } from './scenarios.ts';
import type { Ending, Scenario } from './scenarios.ts';
import { ShopServer } from './shop-server.ts';

export interface DemoOptions {
  /** Shorter pauses: about 5 s in all instead of 25. */
  readonly isQuick: boolean;
  /** Breaks one connection under a request, to show that a lost request is noticed. */
  readonly cutsOne: boolean;
}

/** How long the steps of a change took, in milliseconds. */
export interface ChangeTimes {
  /** From the order until the new version served: load, start, health check, publish. */
  readonly untilServing: number;
  /** The exchange of the versions itself. */
  readonly publish: number;
  /** From the order until the old version had answered what it had begun; undefined when nobody waited for that. */
  readonly untilDrained: number | undefined;
}

/** How one scenario went. */
export interface Played {
  readonly title: string;
  readonly expected: Ending;
  readonly ending: Ending;
  /** Whether what the scenario promises came true. */
  readonly isRight: boolean;
  /** Undefined when nothing new came to serve. */
  readonly times: ChangeTimes | undefined;
  /** Why it was refused, or what the watch saw. */
  readonly reason: string | undefined;
}

export interface DemoResult {
  readonly load: LoadResult;
  readonly played: readonly Played[];
  /** No request failed and every scenario ended as it should. */
  readonly isProven: boolean;
}

/** What is told while it goes on. */
export interface DemoListener {
  onStep(step: { readonly title: string; readonly index: number; readonly of: number }): void;
  onProgress(counts: RequestCounts): void;
  onPlayed(played: Played): void;
}

const requestsPerSecond = 2_000;
/** How long a version that fails after publish may serve until the runtime returns from it. */
const returnLimitMs = 10_000;

/** Plays every scenario under load, and tells what came of each request. */
export async function runDemo({ isQuick, cutsOne }: DemoOptions, listener: DemoListener): Promise<DemoResult> {
  const pauseMs = isQuick ? 150 : 1_800;
  const of = scenarios.length + 1;
  await using shop = await ShopServer.start(firstVersion);
  const { port } = shop;
  await using load = new LoadGenerator({
    port,
    requestsPerSecond,
    onProgress: (counts) => listener.onProgress(counts),
  });

  listener.onStep({ title: '1.0.0 serves', index: 0, of });
  for (const phase of ['warm-up', 'before'] as const) {
    await load.expect({ answers: [firstAnswer], mayBeError: false, phase });
    await delay(2 * pauseMs);
  }
  if (cutsOne) shop.cutNextRequest();

  const played: Played[] = [];
  let serving = firstAnswer;
  for (const [index, scenario] of scenarios.entries()) {
    listener.onStep({ title: scenario.title, index: index + 1, of });
    const outcome = await play(scenario, { shop, load, serving });
    played.push(outcome);
    listener.onPlayed(outcome);
    serving = scenario.serves;
    await delay(pauseMs);
  }
  const result = await load.finish();
  return { load: result, played, isProven: result.failed === 0 && played.every(({ isRight }) => isRight) };
}

interface Stage {
  readonly shop: ShopServer;
  readonly load: LoadGenerator;
  /** What is answered before the scenario. */
  readonly serving: string;
}

/** One scenario: what may answer is told before the change begins, and narrowed again when it has ended. */
async function play(scenario: Scenario, { shop, load, serving }: Stage): Promise<Played> {
  const { title, change, ending: expected, serves } = scenario;
  const mayBeError = expected === 'returned';
  const returned = new Promise<string>((resolve) => {
    const unsubscribe = shop.runtime.on('rollback', ({ reason }) => {
      unsubscribe();
      resolve(reason);
    });
  });
  await load.expect({ answers: [serving, serves], mayBeError, phase: 'during' });
  const report = await shop.make(change);
  const watchReason = mayBeError
    ? await Promise.race([returned, delay(returnLimitMs, undefined, { ref: false })])
    : undefined;
  await load.expect({ answers: [serves], mayBeError: false, phase: 'between' });
  const ending = watchReason !== undefined ? 'returned' : report.reason === undefined ? 'swapped' : 'refused';
  return {
    title,
    expected,
    ending,
    isRight: ending === expected,
    times: timesOf(report),
    reason: watchReason ?? reasonOf(report),
  };
}

function timesOf({ steps, durationMs }: SwapReport): ChangeTimes | undefined {
  // A return to a version that is still warm is one step.
  const published = steps.findIndex(({ name }) => name === 'publish' || name === 'rollback');
  if (published < 0) return undefined;
  const untilServing = steps.slice(0, published + 1).reduce((sum, step) => sum + step.durationMs, 0);
  const untilDrained = steps.some(({ name }) => name === 'drain') ? durationMs : undefined;
  return { untilServing, publish: steps[published]?.durationMs ?? 0, untilDrained };
}

function reasonOf({ reason }: SwapReport): string | undefined {
  return reason && `${reason.code}: ${reason.message}`;
}
