import { relative } from 'node:path';
import { type Column, formatTable } from '../../output/table.ts';
import type { Verb } from '../../verb.ts';
import { dataFolderOf, type ShownTrust, shownTrust } from './trust-store.ts';

/** `hotswap trust list`. */
export const list: Verb<object, ShownTrust> = {
  name: 'list',
  summary: 'whom the host of a data folder trusts, and what it has revoked',
  examples: ['hotswap trust list', 'hotswap trust list --data /var/lib/hotswap --json'],
  async run(call) {
    const { readTrust, trustFile } = await import('@hotswap/runtime');
    const data = dataFolderOf(call);
    return shownTrust(relative(call.terminal.cwd, trustFile(data)), await readTrust(data));
  },
  print({ file, signers, revoked }, { style }) {
    if (signers.length === 0 && revoked.length === 0) return `nobody is trusted: ${file} is empty`;
    return [
      signers.length > 0 ? formatTable(signers, signerColumns, style) : 'nobody is trusted',
      ...(revoked.length > 0 ? ['', formatTable(revoked, revokedColumns, style)] : []),
    ].join('\n');
  },
};

const signerColumns: readonly Column<ShownTrust['signers'][number]>[] = [
  { title: 'name', cell: ({ name }) => name },
  { title: 'type', cell: ({ type }) => type },
  { title: 'plugins', cell: ({ plugins }) => plugins.join(', ') },
  { title: 'state', cell: ({ isRevoked }) => (isRevoked ? 'revoked' : 'trusted') },
  { title: 'key', cell: ({ keyId }) => keyId },
];

const revokedColumns: readonly Column<ShownTrust['revoked'][number]>[] = [
  { title: 'revoked', cell: ({ type }) => type },
  { title: 'since', cell: ({ revokedAt }) => revokedAt },
  { title: 'reason', cell: ({ reason }) => reason || '-' },
  { title: 'id', cell: ({ id }) => id },
];
