import type { Verb } from '../../verb.ts';
import { fail } from '../../errors.ts';
import { neededArgument } from '../signing/files.ts';
import { dataFolderOf } from './trust-store.ts';

interface RevokeOptions {
  readonly reason?: string;
  readonly type?: string;
}

interface RevokeResult {
  readonly type: 'key' | 'digest';
  readonly id: string;
}

/** `hotswap trust revoke`: nothing makes up for it, neither another signature nor `allowUnsigned`. */
export const revoke: Verb<RevokeOptions, RevokeResult> = {
  name: 'revoke',
  summary: 'never again load what a key has signed, or one release; what runs of it is unloaded',
  arguments: [['[what]', 'a name from `hotswap trust list`, a key, or a digest: sha256:...']],
  options: [
    ['--reason <text>', 'why; shown wherever it is refused'],
    ['--type <type>', 'key or digest, for a sha256: that the store does not know; default digest'],
  ],
  examples: [
    "hotswap trust revoke release --reason 'the laptop was stolen'",
    'hotswap trust revoke sha256:4f2a... --type digest',
  ],
  async run(call) {
    const what = neededArgument(call, 'what to revoke', 'WHAT');
    const { reason = '', type } = call.options;
    if (type !== undefined && type !== 'key' && type !== 'digest') {
      throw fail('USAGE_INVALID', {
        problem: `--type is key or digest, not "${type}"`,
        help: `${call.command} --help`,
      });
    }
    const { editTrust, withRevoked } = await import('@hotswap/runtime');
    const now = call.terminal.now();
    const { revoked } = await editTrust(dataFolderOf(call), (trust) => withRevoked(trust, what, { reason, type, now }));
    const last = revoked.at(-1);
    return { type: last?.type ?? 'digest', id: last?.id ?? what };
  },
  print: ({ type, id }, { style }) =>
    `${style.good('revoked')} the ${type} ${id}: a running server unloads what depends on it`,
};
