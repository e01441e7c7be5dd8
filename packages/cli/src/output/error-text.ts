import { isCodedError, messageOf } from '@hotswap/protocol';
import type { ErrorKind, WireError } from '@hotswap/protocol';
import { cliErrors } from '../errors.ts';
import type { Style } from './style.ts';

/** An error as data, for `--json`. */
export function errorAsJson(error: unknown): { readonly error: WireError } {
  if (isCodedError(error)) {
    const { code, kind, message, details } = error;
    return { error: { code, kind, message, details } };
  }
  return { error: { code: 'CLI_FAILED', kind: 'internal', message: messageOf(error) } };
}

/** An error for people: the sentence, its code, and what to try next. */
export function formatError(error: unknown, style: Style): string {
  const { code, kind, message } = errorAsJson(error).error;
  const lines = [`${style.bad('error:')} ${message}`, `  ${style.dim(code)}`];
  const next = nextSteps[kind];
  if (next && !(code in cliErrors)) lines.push(`  ${style.dim(next)}`);
  if (kind === 'internal' && !isCodedError(error) && error instanceof Error && error.stack) lines.push(error.stack);
  return lines.join('\n');
}

/** For errors of a server, whose sentences cannot know the command line they end up on; our own already say it. */
const nextSteps: Readonly<Partial<Record<ErrorKind, string>>> = {
  unauthenticated: 'pass --token, set HOTSWAP_TOKEN, or name the data folder of the server with --data',
  forbidden: 'ask the operator of the server for a token that may do this',
  'not-found': 'see "hotswap plugin list" for what is loaded',
  conflict: 'see "hotswap plugin status NAME" for what stands in the way',
  'plugin-fault': 'a version that served before keeps serving; see "hotswap plugin status NAME"',
  internal: 'the log of the server says more',
};
