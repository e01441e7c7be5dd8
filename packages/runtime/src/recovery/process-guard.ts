import type { Generation } from '../plugin/generation.ts';

export interface ProcessGuard {
  close(): void;
}

/**
 * Takes promises that a plugin forgot and errors that escape from its callbacks, so that they count against the plugin
 * and do not end the host. Whose they are is read from the stack; what no plugin's file appears in is handed on as if
 * nobody had listened.
 */
export function guardProcess(generations: () => Iterable<Generation>): ProcessGuard {
  const ownerOf = (error: unknown): Generation | undefined => {
    const stack = error instanceof Error ? (error.stack ?? '') : '';
    for (const generation of generations()) {
      const { program } = generation.artifact;
      if (program.type === 'text' && stack.includes(program.file)) return generation;
    }
    return undefined;
  };
  const onRejection = (reason: unknown): void => {
    const owner = ownerOf(reason);
    if (owner) owner.fault('promise that nobody awaited', reason);
    else if (process.listenerCount('unhandledRejection') === 1) throw reason;
  };
  const onException = (error: unknown): void => {
    const owner = ownerOf(error);
    if (owner) owner.fault('callback', error);
    else if (process.listenerCount('uncaughtException') === 1) {
      process.off('uncaughtException', onException);
      throw error;
    }
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
