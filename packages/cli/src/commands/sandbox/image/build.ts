import { engineOption, type EngineOptions, withImages } from './image-store.ts';
import type { Verb } from '../../../verb.ts';

/** `hotswap sandbox image build`. */
export const build: Verb<EngineOptions, { readonly digest: string }> = {
  name: 'build',
  summary: "make the base image of this machine's Node, which the first plugin would wait for; no registry is asked",
  options: [engineOption],
  examples: ['hotswap sandbox image build'],
  run: ({ options }) =>
    withImages(options, async (store) => {
      const { digest } = await store.base();
      return { digest };
    }),
  print: ({ digest }) => digest,
};
