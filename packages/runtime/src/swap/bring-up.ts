import type { ExportedState } from '@hotswap/protocol';
import type { StepClock } from './step-clock.ts';
import { withinPhase } from './time-limit.ts';
import { warmUp } from './warm-up.ts';
import { fail } from '../errors.ts';
import type { Generation } from '../plugin/generation.ts';
import { isExclusive } from '../plugin/swap-mode.ts';

/** How long a step may take, and what ends it sooner. */
export interface StepLimit {
  readonly limitMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Brings the code of a generation into its isolate; nothing of the plugin has started then. What undoes it: retire. */
export async function evaluate(generation: Generation, limit: StepLimit): Promise<void> {
  generation.lifecycle.move('starting', 'chosen');
  await bounded(generation, generation.load(), 'load', limit);
  refuseLostState(generation);
}

/** Starts a generation with the state it is given and waits until it is healthy. What undoes it: retire. */
export async function bringUp(
  generation: Generation,
  state: ExportedState | undefined,
  steps: StepClock,
  limit: StepLimit,
): Promise<void> {
  const times = generation.artifact.manifest.health?.warmUp ?? 1;
  await steps.run('start', async () => {
    await bounded(generation, generation.start(state), 'start', limit);
    refuseLostState(generation);
  });
  await steps.run('warm-up', () => warmUp(generation, { times, ...limit }));
  generation.lifecycle.move('ready', 'healthy');
}

/** State that an overlap swap would lose is refused from the first generation on. @throws STATE_NEEDS_EXCLUSIVE */
function refuseLostState(generation: Generation): void {
  const { plugin, traits, exportsState } = generation;
  if (isExclusive(generation) || traits.state === 'lossy-cache') return;
  if (exportsState || traits.state !== 'none') throw fail('STATE_NEEDS_EXCLUSIVE', { plugin });
}

function bounded(
  { plugin }: Generation,
  work: Promise<unknown>,
  phase: string,
  { limitMs, signal }: StepLimit,
): Promise<unknown> {
  return withinPhase(work, { plugin, phase, limitMs, signal });
}
