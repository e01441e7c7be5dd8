import type { ContainerImage } from '@hotswap/sandbox';
import { engineOption, type EngineOptions, imageTable, withImages } from './image-store.ts';
import type { Verb } from '../../../verb.ts';

/** `hotswap sandbox image prune`. */
export const prune: Verb<EngineOptions, { readonly removed: readonly ContainerImage[] }> = {
  name: 'prune',
  summary: "remove the base images of other Nodes that no container uses; nobody else's, and none that was pinned",
  options: [engineOption],
  examples: ['hotswap sandbox image prune'],
  run: ({ options }) => withImages(options, async (store) => ({ removed: await store.prune() })),
  print: ({ removed }, { style }) => (removed.length === 0 ? 'nothing to remove' : imageTable(removed, style)),
};
