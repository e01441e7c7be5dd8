import type { LayerState } from '@hotswap/sandbox';
import type { Style } from './style.ts';

/** One line for each layer: what it is, how it is done, and what its want means. */
export function layerLines(layers: readonly LayerState[], style: Style): string[] {
  const width = Math.max(0, ...layers.map(({ layer }) => layer.length));
  return layers.map((state) => {
    const { layer, status, how } = state;
    const name = layer.padEnd(width);
    if (status === 'used') return `${style.good('used   ')} ${name}${how === undefined ? '' : `  ${style.dim(how)}`}`;
    const told = [state.consequence, state.error, state.advice].filter((part) => part !== undefined);
    return `${style.bad(status.padEnd(7))} ${name}  ${told.join('; ')}`;
  });
}
