import { isCodedError, messageOf } from '@hotswap/protocol';
import { watchConfig } from '@hotswap/runtime';
import type { HostClock, HostLogger, Runtime } from '@hotswap/runtime';
import { withOnlyPlugin } from './server-settings.ts';
import type { ConfigFile, ServerSettings } from './server-settings.ts';

export interface ConfigChangesOptions {
  readonly runtime: Runtime;
  readonly settings: ServerSettings;
  readonly file: ConfigFile;
  readonly clock: Pick<HostClock, 'after'>;
  readonly log: HostLogger;
}

/** Watches the config file and takes over what it says. A file that cannot be used leaves the config in force. */
export async function followConfig(options: ConfigChangesOptions): Promise<AsyncDisposable> {
  const { runtime, settings, file, clock, log } = options;
  const tell = (error: unknown): void => {
    const code = isCodedError(error) ? error.code : undefined;
    log.error({ code, reason: messageOf(error) }, 'the config file could not be taken over');
  };
  return watchConfig({
    ...file,
    debounceMs: settings.config.plugins.debounceMs,
    clock,
    onProblem: tell,
    onChange: ({ config }) => {
      runtime.updateConfig(withOnlyPlugin(config, settings.onlyPlugin)).then(({ needsRestart, drift }) => {
        if (needsRestart.length > 0) log.warn({ settings: needsRestart }, 'changed settings hold after a restart');
        for (const sentence of drift) log.warn(sentence);
      }, tell);
    },
  });
}
