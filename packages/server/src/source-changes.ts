import { dirname, sep } from 'node:path';
import { isCodedError, messageOf } from '@hotswap/protocol';
import { watchSources } from '@hotswap/runtime';
import type { HostClock, HostLogger, Runtime } from '@hotswap/runtime';
import type { ServerSettings } from './server-settings.ts';

export interface SourceChangesOptions {
  readonly runtime: Runtime;
  readonly settings: ServerSettings;
  readonly clock: Pick<HostClock, 'after'>;
  readonly log: HostLogger;
}

/** A save is no operator's wish: it must not be remembered as one. */
const bySave = { actor: 'file', wait: 'published' } as const;

/**
 * Makes of each saved source a new generation. One that fails is reported by the runtime, and the version before
 * goes on serving.
 */
export async function followSources({ runtime, settings, clock, log }: SourceChangesOptions): Promise<AsyncDisposable> {
  const { onlyPlugin, config } = settings;
  const pluginAt = (path: string): string | undefined =>
    runtime.status().plugins.find(({ origin }) => origin === path || origin?.startsWith(path + sep))?.name;
  /** Errors with a report have been told already; those that came before there was one are told here. */
  const follow = (path: string, change: Promise<unknown>): void => {
    change.catch((error: unknown) => {
      const code = isCodedError(error) ? error.code : undefined;
      log.error({ path, code, reason: messageOf(error) }, 'a saved plugin could not be taken');
    });
  };
  const replace = (path: string): void => {
    const name = pluginAt(path);
    follow(
      path,
      name === undefined ? runtime.load(path, bySave) : runtime.reload(name, { ...bySave, reason: 'saved' }),
    );
  };
  const remove = (path: string): void => {
    const name = pluginAt(path);
    if (name !== undefined) follow(path, runtime.unload(name, { ...bySave, reason: 'removed from disk' }));
  };
  return watchSources({
    directory: onlyPlugin === undefined ? config.plugins.directory : dirname(onlyPlugin.path),
    ...(onlyPlugin !== undefined && { only: onlyPlugin.path }),
    clock,
    onAdd: replace,
    onChange: replace,
    onRemove: remove,
    onProblem: (error) => log.warn({ reason: error.message }, 'sources are no longer watched'),
  });
}
