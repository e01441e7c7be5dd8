import type { Logger } from '@hotswap/sdk';
import { messageOf } from '@hotswap/protocol';
import { isGenerationEnded } from '../host-services/generation-ended.ts';
import type { Generation } from '../plugin/generation.ts';

export interface ProcessGuard {
  close(): void;
}

export interface ProcessGuardOptions {
  /** Those that are alive, older ones first. */
  readonly generations: () => readonly Generation[];
  /** Entry files of every plugin there ever was. */
  readonly files: () => Iterable<string>;
  readonly log: Logger;
}

/**
 * Takes promises that a plugin forgot and errors that escape from its callbacks, so that they count against the plugin
 * and do not end the host. Whose they are is read from the stack; what no plugin's file appears in is handed on as if
 * nobody had listened.
 */
export function guardProcess({ generations, files, log }: ProcessGuardOptions): ProcessGuard {
  /** Whether some plugin takes the blame. Of several generations of one file the newest does: it has the work. */
  const isTaken = (where: string, error: unknown): boolean => {
    if (isGenerationEnded(error)) return true;
    const stack = error instanceof Error ? (error.stack ?? '') : '';
    const owner = generations().findLast(
      ({ artifact: { program } }) => program.type === 'text' && stack.includes(program.file),
    );
    if (owner) {
      owner.fault(where, error);
      return true;
    }
    const file = [...files()].find((name) => stack.includes(name));
    if (file === undefined) return false;
    log.error({ file, error: messageOf(error), stack }, `a plugin that is gone failed in a ${where}`);
    return true;
  };
  const onRejection = (reason: unknown): void => {
    if (isTaken('promise that nobody awaited', reason)) return;
    if (process.listenerCount('unhandledRejection') === 1) throw reason;
  };
  const onException = (error: unknown): void => {
    if (isTaken('callback', error)) return;
    if (process.listenerCount('uncaughtException') !== 1) return;
    process.off('uncaughtException', onException);
    throw error;
  };
  process.on('unhandledRejection', onRejection);
  process.on('uncaughtException', onException);
  return {
    close: () => {
      process.off('unhandledRejection', onRejection);
      process.off('uncaughtException', onException);
    },
  };
}
