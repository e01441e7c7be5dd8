/**
 * What shows that a plugin is not well.
 * - `crash`: its isolate ended, also because of its heap or because it stood still
 * - `health`: too many failed health checks in a row
 * - `faults`: too many errors outside any call
 * - `timeouts`: too many calls in a row without an answer
 * - `breaker`: too many failed calls
 * - `limit`: it uses more than it may
 * - `start-failed`: it did not start, and nobody was there to be told
 */
export type Symptom = 'crash' | 'health' | 'faults' | 'timeouts' | 'breaker' | 'limit' | 'start-failed';

/** Who acts on a symptom: one of the two, never both. */
export type Healer = 'watch' | 'supervisor';

/**
 * While a generation is on probation its watch acts, by a return to the generation before, which is still warm: it
 * counts errors, health and crashes itself, with narrower limits. After that, and where there is nothing to return to,
 * the supervisor acts.
 */
const healers: Readonly<Record<Symptom, { readonly onProbation: Healer; readonly later: Healer }>> = {
  crash: { onProbation: 'watch', later: 'supervisor' },
  health: { onProbation: 'watch', later: 'supervisor' },
  faults: { onProbation: 'watch', later: 'supervisor' },
  timeouts: { onProbation: 'watch', later: 'supervisor' },
  breaker: { onProbation: 'watch', later: 'supervisor' },
  limit: { onProbation: 'supervisor', later: 'supervisor' },
  'start-failed': { onProbation: 'supervisor', later: 'supervisor' },
};

/** @param isOnProbation whether the watch has a generation to return to */
export function healerOf(symptom: Symptom, isOnProbation: boolean): Healer {
  return isOnProbation ? healers[symptom].onProbation : healers[symptom].later;
}
