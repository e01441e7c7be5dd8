import { withinPhase } from './time-limit.ts';
import { fail } from '../errors.ts';
import type { Generation } from '../plugin/generation.ts';

/**
 * Asks a candidate for its health until it has answered "healthy" the required number of times in a row.
 * One "unhealthy" ends it: a candidate is not given the benefit of the doubt while the old one serves well.
 *
 * @throws PLUGIN_UNHEALTHY, PLUGIN_PHASE_TIMED_OUT
 */
export async function warmUp(
  candidate: Generation,
  options: { readonly times: number; readonly limitMs: number; readonly signal: AbortSignal | undefined },
): Promise<void> {
  for (let time = 0; time < options.times; time++) {
    const answer = await withinPhase(askHealth(candidate), {
      plugin: candidate.plugin,
      phase: 'answer its health check',
      limitMs: options.limitMs,
      signal: options.signal,
    });
    if (answer.status === 'healthy') continue;
    throw fail('PLUGIN_UNHEALTHY', { plugin: candidate.plugin, problem: answer.reason ?? 'it gave no reason' });
  }
}

/** A generation's own word on its health; a check that throws says "unhealthy". */
export async function askHealth(
  generation: Generation,
): Promise<{ readonly status: 'healthy' | 'unhealthy'; readonly reason?: string }> {
  try {
    return await generation.isolate.health();
  } catch (error) {
    return { status: 'unhealthy', reason: error instanceof Error ? error.message : String(error) };
  }
}
