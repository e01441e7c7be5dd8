import { relative, resolve } from 'node:path';
import type { Inspection } from '@hotswap/runtime';
import { exitProblemFound } from '../../exit-codes.ts';
import type { Verb } from '../../verb.ts';
import { dataFolderOf } from '../trust/trust-store.ts';
import { neededArgument } from './files.ts';

/** `hotswap plugin verify`: what a server with this data folder would say, check by check. */
export const verify: Verb<object, Inspection> = {
  name: 'verify',
  summary: 'whether a server would load it, and why: checksum, signature, signer, time, revocation',
  arguments: [['[source]', 'a .tgz archive, a folder, or a single file']],
  examples: ['hotswap plugin verify greeter-1.0.0.tgz', 'hotswap plugin verify plugins/greeter --data data --json'],
  async run(call) {
    const { terminal } = call;
    const source = neededArgument(call, 'a source', 'SOURCE');
    const { inspectPlugin } = await import('@hotswap/runtime');
    const options = { data: dataFolderOf(call), now: terminal.now() };
    const inspection = await inspectPlugin(resolve(terminal.cwd, source), options);
    const { signature } = inspection;
    return { ...inspection, source, signature: signature && relative(terminal.cwd, signature) };
  },
  print({ source, plugin, version, digest, checks, refusal, signer }, { style }) {
    return [
      `${style.bold(plugin || source)} ${version}`.trim(),
      `  ${style.dim(digest)}`,
      ...checks.map(({ check, isGood, text }) => `  ${isGood ? style.good('ok') : style.bad('no')} ${check}: ${text}`),
      refusal
        ? `${style.bad('refused')} ${refusal.code}; it runs only where allowUnsigned is set, if there`
        : `${style.good('trusted')}, signed by ${signer}`,
    ].join('\n');
  },
  exitCode: ({ refusal }) => (refusal ? exitProblemFound : 0),
};
