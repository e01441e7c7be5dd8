import { errorKinds, isCodedError } from '@hotswap/protocol';
import type { WireError } from '@hotswap/protocol';

/** The exit code of a process that did what it was asked. */
export const exitSuccess = 0;

/** The exit code of `hotswap doctor` when something that it looked at is wrong. */
export const exitProblemFound = 1;

/** The exit code that tells a script who has to act on an error. An error without a kind is ours. */
export function exitCodeOf(error: unknown): number {
  return isCodedError(error) ? exitCodeOfKind(error) : errorKinds.internal.exitCode;
}

/** The same for an error that is part of a result. */
export function exitCodeOfKind(error: Pick<WireError, 'kind'>): number {
  return errorKinds[error.kind].exitCode;
}
