import type { LayerState } from '@hotswap/sandbox';
import type { Check } from '../diagnosis.ts';

/** What to say of each layer that plugins at level `sandbox` stand behind. */
export function judgeLayers(layers: readonly LayerState[]): readonly Check[] {
  return layers.map(({ layer, status, how, error, consequence, advice }): Check => {
    const about = { area: 'environment', id: `sandbox-${layer}` } as const;
    const name = how === undefined ? layer : `${layer} (${how})`;
    if (status === 'used') return { ...about, level: 'ok', message: `level sandbox has ${name}` };
    const why = [error, consequence].filter((part) => part !== undefined).join('; ');
    return {
      ...about,
      level: 'warning',
      message: `level sandbox lacks ${name} on this host${why === '' ? '' : `: ${why}`}`,
      action: advice ?? `nothing runs at that level without it, unless allowMissing names ${layer}`,
    };
  });
}
