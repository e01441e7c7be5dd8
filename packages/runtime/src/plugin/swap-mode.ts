import type { Generation } from './generation.ts';

/** Whether a plugin must let go of what it has before its successor starts: the manifest's word, else the code's. */
export function isExclusive({ artifact, traits }: Generation): boolean {
  return (artifact.manifest.swap ?? traits.swap) === 'exclusive';
}
