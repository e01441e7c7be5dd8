import { readFile } from 'node:fs/promises';
import { isCodedError, messageOf } from '@hotswap/protocol';
import { watch } from 'chokidar';
import { fail } from '../../errors.ts';
import type { HostClock } from '../../host-services/system-clock.ts';
import { parseRuntimeConfig } from '../runtime-config.ts';
import type { ParsedConfig, ParseOptions } from '../runtime-config.ts';
import { createQuietTimer } from './quiet-timer.ts';

/** What to watch, what is in force, and whom to tell. */
export interface ConfigWatcherOptions extends ParseOptions {
  /** Absolute. */
  readonly file: string;
  /** The text of the config in force: only another text is a change. */
  readonly text: string;
  /** How long the file must be quiet before it is read; default 250. */
  readonly debounceMs?: number;
  readonly clock: Pick<HostClock, 'after'>;
  readonly onChange: (parsed: ParsedConfig, text: string) => void;
  /**
   * A coded error: the file is wrong (CONFIG_SYNTAX, CONFIG_INVALID), gone (CONFIG_UNREADABLE), or can no longer be
   * watched (WATCH_FAILED). The config in force stays.
   */
  readonly onProblem: (error: Error) => void;
}

/** A running watch of the config file. */
export interface ConfigWatcher extends AsyncDisposable {
  close(): Promise<void>;
}

/**
 * Watches the config file; survives editors that replace it, and a file that goes and comes back.
 *
 * Resolves when the watch stands. A change made between reading `text` and then is reported too.
 */
export async function watchConfig(options: ConfigWatcherOptions): Promise<ConfigWatcher> {
  const { file, debounceMs = 250, clock, onProblem } = options;
  let text = options.text;
  let lastRead: Promise<void> = Promise.resolve();
  let isClosed = false;

  const readAgain = async (): Promise<void> => {
    const read = await readConfig(file);
    if (isClosed || read === text) return;
    if (typeof read !== 'string') return onProblem(read);
    text = read;
    const outcome = parseOrError(read, options);
    if (outcome instanceof Error) onProblem(outcome);
    else options.onChange(outcome, read);
  };
  const quiet = createQuietTimer(clock, () => {
    lastRead = lastRead.then(readAgain);
  });
  // `atomic` would hold back the event of a replaced file; the quiet time does the same here.
  const watcher = watch(file, { ignoreInitial: true, atomic: false });
  const failWatch = (error: unknown): void =>
    onProblem(fail('WATCH_FAILED', { path: file, reason: messageOf(error) }, { cause: error }));
  watcher.on('all', () => quiet.touch(debounceMs)).on('error', failWatch);
  await new Promise<void>((resolve) => watcher.once('ready', resolve));
  quiet.touch(debounceMs);

  const close = async (): Promise<void> => {
    isClosed = true;
    quiet.stop();
    await watcher.close();
    await lastRead;
  };
  return { close, [Symbol.asyncDispose]: close };
}

async function readConfig(file: string): Promise<string | Error> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    return fail('CONFIG_UNREADABLE', { file, reason: messageOf(error) }, { cause: error });
  }
}

function parseOrError(text: string, options: ParseOptions): ParsedConfig | Error {
  try {
    return parseRuntimeConfig(text, options);
  } catch (error) {
    if (isCodedError(error)) return error;
    throw error;
  }
}
