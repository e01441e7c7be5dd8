import { sep } from 'node:path';
import { isCodedError, messageOf } from '@hotswap/protocol';
import type { Logger } from '@hotswap/sdk';
import { watchSources } from './source-watcher.ts';
import type { HostClock } from '../../host-services/system-clock.ts';
import type { RuntimeStatus } from '../../status.ts';
import type { PluginVerbs } from '../../verbs/plugin-verbs.ts';

/** What is followed, and who is told. */
export interface FollowSourcesOptions {
  readonly runtime: Pick<PluginVerbs, 'load' | 'reload' | 'unload'> & { status(): RuntimeStatus };
  /** The plugin directory; absolute. */
  readonly directory: string;
  /** Follow this one plugin of the directory alone. */
  readonly only?: string;
  readonly clock: Pick<HostClock, 'after'>;
  readonly log: Logger;
}

/** A save is no operator's wish: it must not be remembered as one. */
const bySave = { actor: 'file', wait: 'published' } as const;

/**
 * Makes of each saved source a new generation, of each new one a plugin, and unloads what is removed. A source that
 * fails is reported as any change is, and the version before goes on serving.
 */
export async function followSources(options: FollowSourcesOptions): Promise<AsyncDisposable> {
  const { runtime, directory, only, clock, log } = options;
  const pluginAt = (path: string): string | undefined =>
    runtime.status().plugins.find(({ origin }) => origin === path || origin?.startsWith(path + sep))?.name;
  // What has a report has told its errors already; those that came before there was one are told here.
  const follow = (path: string, change: Promise<unknown>): void => {
    change.catch((error: unknown) => {
      const code = isCodedError(error) ? error.code : undefined;
      log.error({ path, code, reason: messageOf(error) }, 'a saved plugin could not be taken');
    });
  };
  const replace = (path: string): void => {
    const name = pluginAt(path);
    const change =
      name === undefined ? runtime.load(path, bySave) : runtime.reload(name, { ...bySave, reason: 'saved' });
    follow(path, change);
  };
  const remove = (path: string): void => {
    const name = pluginAt(path);
    if (name !== undefined) follow(path, runtime.unload(name, { ...bySave, reason: 'removed from disk' }));
  };
  return watchSources({
    directory,
    ...(only !== undefined && { only }),
    clock,
    onAdd: replace,
    onChange: replace,
    onRemove: remove,
    onProblem: (error) => log.warn({ reason: error.message }, 'sources are no longer watched'),
  });
}
