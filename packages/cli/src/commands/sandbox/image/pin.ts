import { engineOption, type EngineOptions, withImages } from './image-store.ts';
import { fail } from '../../../errors.ts';
import type { Verb } from '../../../verb.ts';

/** `hotswap sandbox image pin`. */
export const pin: Verb<EngineOptions, { readonly digest: string }> = {
  name: 'pin',
  summary: 'keep what the name of an image means now, and print its digest for "image" in a manifest',
  arguments: [['<reference>', 'an image that the engine has, such as docker.io/library/node:26-slim']],
  options: [engineOption],
  examples: ['hotswap sandbox image pin docker.io/library/node:26-slim'],
  async run({ args: [reference], options, command }) {
    if (reference === undefined)
      throw fail('ARGUMENT_MISSING', { command, argument: 'an image', usage: `${command} REFERENCE` });
    return withImages(options, async (store) => ({ digest: await store.pin(reference) }));
  },
  print: ({ digest }) => digest,
};
