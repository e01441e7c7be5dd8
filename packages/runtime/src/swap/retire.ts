import { settlesWithin, withinPhase } from './time-limit.ts';
import { toWireError } from './step-clock.ts';
import { detach } from './publish.ts';
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
 * Ends a generation for good: stops its isolate, then lets go of the host's side. Never rejects: an ending that stops
 * half-way would leave more behind than one that goes on, so failures are logged. A second call waits for the first.
 */
export function retire(parts: RetireParts, slot: PluginSlot, generation: Generation, reason: string): Promise<void> {
  generation.ending ??= end(parts, slot, generation, reason);
  return generation.ending;
}

async function end(parts: RetireParts, slot: PluginSlot, generation: Generation, reason: string): Promise<void> {
  await stop(parts, generation, reason);
  detach(generation);
  generation.dispose();
  slot.remove(generation);
}

/**
 * Stops the isolate alone: the plugin's own `stop`, then its ledger. What the host keeps for it, such as events that
 * wait for its successor, stays until it is retired. Never rejects; a second call waits for the first.
 */
export function stop(parts: RetireParts, generation: Generation, reason: string): Promise<void> {
  generation.stopping ??= stopIsolate(parts, generation, reason);
  return generation.stopping;
}

async function stopIsolate({ settings, log }: RetireParts, generation: Generation, reason: string): Promise<void> {
  const { plugin } = generation;
  const limit = new AbortController();
  const phase = { plugin, phase: 'stop', limitMs: settings.shutdownTimeoutMs, setting: 'shutdownTimeout' } as const;
  const ending = generation.isolate.stop(generationEnded(reason), limit.signal);
  try {
    for (const failure of await withinPhase(ending, phase)) {
      const error = fail('PLUGIN_STOP_FAILED', { plugin, problem: `${failure.label}: ${String(failure.error)}` });
      log.error({ error: toWireError(error), kind: failure.kind, generation: generation.number }, 'undo step failed');
    }
  } catch (error) {
    limit.abort(error);
    // What is left is undone without waiting for what hangs.
    await settlesWithin(ending, settings.graceMs);
    log.error({ error: toWireError(error), generation: generation.number }, 'generation did not stop in time');
  }
  if (generation.lifecycle.can('stopped')) generation.lifecycle.move('stopped', reason);
}
