import type { LaunchOptions } from '../launch-options.ts';
import type { LayerName, LayerState } from '../layers.ts';

/** One launch, with what stands around it decided. */
export interface LaunchOrder {
  readonly options: LaunchOptions;
  /** The layers that are used; the states tell of the others too. */
  readonly layers: ReadonlySet<LayerName>;
  readonly states: readonly LayerState[];
  /** Whether its processes are limited together, be it by polling. */
  readonly limitsTogether: boolean;
  /** Run by Node in place of the program's file. */
  readonly script?: string;
}
