import type { Verb } from '../../verb.ts';
import { neededArgument } from '../signing/files.ts';
import { dataFolderOf } from './trust-store.ts';

interface RemoveResult {
  readonly removed: string;
}

/** `hotswap trust remove`: what only that signer vouched for is unloaded. */
export const remove: Verb<object, RemoveResult> = {
  name: 'remove',
  summary: 'trust somebody no longer; what only they have signed is unloaded',
  arguments: [['[name]', 'what `hotswap trust list` calls it']],
  examples: ['hotswap trust remove release'],
  async run(call) {
    const name = neededArgument(call, 'a name', 'NAME');
    const { editTrust, withoutSigner } = await import('@hotswap/runtime');
    await editTrust(dataFolderOf(call), (trust) => withoutSigner(trust, name));
    return { removed: name };
  },
  print: ({ removed }, { style }) =>
    `${style.good('removed')} ${style.bold(removed)}: a running server unloads what nobody else vouches for`,
};
