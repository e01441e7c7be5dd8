import type { ConfinedProgram } from '../launch-options.ts';
import type { LayerName, LayerState } from '../layers.ts';

/** Layers that live in Node. */
const ofNode: readonly LayerName[] = ['permission-model', 'guard'];

/** Which layers stand around one launch. */
export interface LayerDecision {
  readonly layers: ReadonlySet<LayerName>;
  readonly states: readonly LayerState[];
  /** Whether its processes are limited together: in a group of the kernel, or where that may be missing by polling. */
  readonly limitsTogether: boolean;
  /** Missing ones that nobody allowed to be missing: the launch must not happen. */
  readonly refused: readonly LayerState[];
}

/** Decides from what this host can, what the program is, and what the operator said. */
export function decideLayers(
  report: readonly LayerState[],
  asked: {
    readonly type: ConfinedProgram['type'];
    readonly without: readonly LayerName[];
    readonly allowMissing: readonly LayerName[];
  },
): LayerDecision {
  // Around another program than Node there is nothing of Node to miss.
  const there = asked.type === 'executable' ? report.filter(({ layer }) => !ofNode.includes(layer)) : report;
  const states = there.map((state): LayerState => {
    const { layer } = state;
    return asked.without.includes(layer) ? { layer, status: 'off', how: 'turned off for this launch' } : state;
  });
  const used = states.filter(({ status }) => status === 'used');
  return {
    layers: new Set(used.map(({ layer }) => layer)),
    states,
    limitsTogether: !asked.without.includes('cgroup'),
    refused: states.filter(({ layer, status }) => status === 'missing' && !asked.allowMissing.includes(layer)),
  };
}
