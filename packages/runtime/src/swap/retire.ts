import { settlesWithin, withLimit } from './time-limit.ts';
import { toWireError } from './step-clock.ts';
import { fail } from '../errors.ts';
import { generationEnded } from '../host-services/generation-ended.ts';
import type { Logger } from '@hotswap/sdk';
import type { Generation } from '../plugin/generation.ts';
import type { PluginSlot } from '../plugin/plugin-slot.ts';

export interface RetireParts {
  readonly settings: { readonly shutdownTimeoutMs: number; readonly graceMs: number };
  readonly log: Logger;
}

/**
 * Stops a generation for good: its own `stop`, then its ledger, then the host's side. Never rejects: an ending that
 * stops half-way would leave more behind than one that goes on, so failures are logged. A second call waits for the first.
 */
export function retire(parts: RetireParts, slot: PluginSlot, generation: Generation, reason: string): Promise<void> {
  generation.ending ??= end(parts, slot, generation, reason);
  return generation.ending;
}

async function end(
  { settings, log }: RetireParts,
  slot: PluginSlot,
  generation: Generation,
  reason: string,
): Promise<void> {
  const limitMs = settings.shutdownTimeoutMs;
  const limit = new AbortController();
  const timedOut = () =>
    fail('PLUGIN_PHASE_TIMED_OUT', { plugin: slot.name, phase: 'stop', limitMs, setting: 'shutdownTimeout' });
  const ending = generation.isolate.stop(generationEnded(reason), limit.signal);
  try {
    for (const failure of await withLimit(ending, { ms: limitMs, signal: undefined, timedOut })) {
      const error = fail('PLUGIN_STOP_FAILED', {
        plugin: slot.name,
        problem: `${failure.label}: ${String(failure.error)}`,
      });
      log.error({ error: toWireError(error), kind: failure.kind, generation: generation.number }, 'undo step failed');
    }
  } catch (error) {
    limit.abort(error);
    // What is left is undone without waiting for what hangs.
    await settlesWithin(ending, settings.graceMs);
    log.error({ error: toWireError(error), generation: generation.number }, 'generation did not stop in time');
  }
  if (generation.lifecycle.can('stopped')) generation.lifecycle.move('stopped', reason);
  generation.dispose();
  slot.remove(generation);
}
