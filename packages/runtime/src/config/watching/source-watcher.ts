import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { messageOf } from '@hotswap/protocol';
import { watch as watchFiles } from 'chokidar';
import type { ChokidarOptions, FSWatcher } from 'chokidar';
import { fail } from '../../errors.ts';
import type { HostClock } from '../../host-services/system-clock.ts';
import { isIgnoredPath, isPluginFile, pluginOfPath } from './plugin-path.ts';
import { createQuietTimer } from './quiet-timer.ts';
import type { QuietTimer } from './quiet-timer.ts';

/** What to watch, how patiently, and whom to tell. */
export interface SourceWatcherOptions {
  /** The plugin directory; absolute. It may appear later. */
  readonly directory: string;
  /** The one plugin of the directory to look at; default all. */
  readonly only?: string;
  /** How long a plugin's files must be quiet before its change is told; default 10. */
  readonly debounceMs?: number;
  /** How long a plugin must stay away until it counts as removed: editors delete files to save them. Default 100. */
  readonly removalMs?: number;
  readonly clock: Pick<HostClock, 'after'>;
  /** The absolute path of the plugin: its folder (with a `package.json`) or its single file. */
  readonly onChange: (plugin: string) => void;
  readonly onAdd: (plugin: string) => void;
  readonly onRemove: (plugin: string) => void;
  /** WATCH_FAILED: changes may now go unseen. */
  readonly onProblem: (error: Error) => void;
  /** What looks at the file system; default chokidar. */
  readonly watch?: (paths: string | string[], options: ChokidarOptions) => FSWatcher;
}

/** Tells which plugins' files have changed. Plugins that are there at the beginning are not told. */
export interface SourceWatcher extends AsyncDisposable {
  /**
   * Narrows the watch of a plugin to the files it was built from, wherever they are; its `package.json` always
   * counts. `undefined` widens it to every file in its folder again: right after a build that failed.
   */
  watchInputs(plugin: string, inputs: readonly string[] | undefined): void;
  close(): Promise<void>;
}

/** Watches the plugin directory and the files of each plugin. Resolves when the watch stands. */
export async function watchSources(options: SourceWatcherOptions): Promise<SourceWatcher> {
  const { directory, only = directory, watch = watchFiles } = options;
  // With `atomic` chokidar holds back removals and repeats them late; here a plugin is looked at again instead.
  const common = { ignoreInitial: true, atomic: false } as const;
  const inside = watch(only, { ...common, ignored: (path) => isIgnoredPath(relative(directory, path)) });
  const outside = watch([], common);
  const tracker = new PluginTracker(options, outside);
  const failWatch = (error: unknown): void =>
    options.onProblem(fail('WATCH_FAILED', { path: directory, reason: messageOf(error) }, { cause: error }));

  inside.on('all', (_, path) => tracker.heardInside(path)).on('error', failWatch);
  outside.on('all', (_, path) => tracker.heardOutside(path)).on('error', failWatch);
  await new Promise<void>((ready) => inside.once('ready', ready));
  tracker.begin(watchedPaths(inside));

  const close = async (): Promise<void> => {
    tracker.stop();
    await Promise.all([inside.close(), outside.close()]);
  };
  return {
    watchInputs: (plugin, inputs) => tracker.watchInputs(plugin, inputs),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Knows which plugins are there, which files they are made of, and waits until each has come to rest. */
class PluginTracker {
  readonly #options: SourceWatcherOptions;
  readonly #outside: FSWatcher;
  readonly #present = new Set<string>();
  readonly #inputs = new Map<string, ReadonlySet<string>>();
  readonly #timers = new Map<string, QuietTimer>();
  /** Plugins that were missed once and are looked at a second time before they count as removed. */
  readonly #missed = new Set<string>();

  constructor(options: SourceWatcherOptions, outside: FSWatcher) {
    this.#options = options;
    this.#outside = outside;
  }

  /** Takes note of the plugins that are there from the start. */
  begin(paths: readonly string[]): void {
    for (const path of paths) {
      const plugin = this.#pluginOf(path);
      if (plugin !== undefined && isPresent(plugin)) this.#present.add(plugin);
    }
  }

  heardInside(path: string): void {
    const plugin = this.#pluginOf(path);
    if (plugin === undefined) return;
    const inputs = this.#inputs.get(plugin);
    const isOwn = path === plugin || path === join(plugin, 'package.json');
    if (isOwn || inputs === undefined || inputs.has(path)) this.#touch(plugin);
    // One plugin may be built from files of another.
    this.#touchUsers(path, plugin);
  }

  heardOutside(path: string): void {
    this.#touchUsers(path, undefined);
  }

  watchInputs(plugin: string, inputs: readonly string[] | undefined): void {
    const before = this.#inputs.get(plugin) ?? new Set<string>();
    if (inputs === undefined) this.#inputs.delete(plugin);
    else this.#inputs.set(plugin, new Set(inputs.map((input) => resolve(input))));
    const isStillUsed = (path: string): boolean => [...this.#inputs.values()].some((used) => used.has(path));
    // Installed packages are not edited, and can be thousands of files.
    const isOutside = (path: string): boolean =>
      isIgnoredPath(relative(this.#options.directory, path)) && !/[\\/]node_modules[\\/]/.test(path);
    const added = [...(this.#inputs.get(plugin) ?? [])].filter((path) => isOutside(path) && !before.has(path));
    if (added.length > 0) this.#outside.add(added);
    const dropped = [...before].filter((path) => isOutside(path) && !isStillUsed(path));
    if (dropped.length > 0) this.#outside.unwatch(dropped);
  }

  stop(): void {
    for (const timer of this.#timers.values()) timer.stop();
  }

  #touchUsers(path: string, owner: string | undefined): void {
    for (const [plugin, inputs] of this.#inputs) if (plugin !== owner && inputs.has(path)) this.#touch(plugin);
  }

  #touch(plugin: string, afterMs = this.#options.debounceMs ?? 10): void {
    const timer = this.#timers.get(plugin) ?? createQuietTimer(this.#options.clock, () => this.#look(plugin));
    this.#timers.set(plugin, timer);
    timer.touch(afterMs);
  }

  /** A plugin has come to rest: is it new, changed, gone for now, or gone? */
  #look(plugin: string): void {
    const { onAdd, onChange, onRemove, removalMs = 100 } = this.#options;
    const wasPresent = this.#present.has(plugin);
    const wasMissed = this.#missed.delete(plugin);
    if (isPresent(plugin)) {
      this.#present.add(plugin);
      if (wasPresent) onChange(plugin);
      else onAdd(plugin);
    } else if (wasPresent && !wasMissed) {
      this.#missed.add(plugin);
      this.#touch(plugin, removalMs);
    } else {
      this.#timers.delete(plugin);
      if (!this.#present.delete(plugin)) return;
      this.watchInputs(plugin, undefined);
      onRemove(plugin);
    }
  }

  #pluginOf(path: string): string | undefined {
    const { directory } = this.#options;
    // What is gone can no longer be asked whether it was a folder; what was known as a plugin still is one.
    const isFolder = (name: string): boolean => {
      const candidate = join(directory, name);
      return this.#present.has(candidate) || existsSync(join(candidate, 'package.json'));
    };
    const name = pluginOfPath(relative(directory, path), isFolder);
    return name === undefined ? undefined : join(directory, name);
  }
}

/** A folder without `package.json` is none yet: it may still be on its way. */
function isPresent(plugin: string): boolean {
  return existsSync(join(plugin, 'package.json')) || (isPluginFile(plugin) && existsSync(plugin));
}

function watchedPaths(watcher: FSWatcher): readonly string[] {
  return Object.entries(watcher.getWatched()).flatMap(([folder, names]) => names.map((name) => join(folder, name)));
}
