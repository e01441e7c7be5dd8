import type { ContainerImage } from '@hotswap/sandbox';
import { engineOption, type EngineOptions, imageTable, withImages } from './image-store.ts';
import type { Verb } from '../../../verb.ts';

/** `hotswap sandbox image list`. */
export const list: Verb<EngineOptions, readonly ContainerImage[]> = {
  name: 'list',
  summary: 'the images that plugins at level container run in: those made here, and those that were pinned',
  options: [engineOption],
  examples: ['hotswap sandbox image list', 'hotswap sandbox image list --engine docker --json'],
  run: ({ options }) => withImages(options, (store) => store.list()),
  print: (images, { style }) =>
    images.length === 0
      ? 'there is none yet: the first plugin at level container makes one'
      : imageTable(images, style),
};
