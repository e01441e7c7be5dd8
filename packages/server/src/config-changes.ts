import { isCodedError, messageOf } from '@hotswap/protocol';
import { watchConfig } from '@hotswap/runtime';
import type { ConfigUpdate, HostClock, HostLogger, Runtime, RuntimeConfig } from '@hotswap/runtime';
import type { ConfigFile } from './server-settings.ts';

export interface ConfigChangesOptions {
  readonly runtime: Runtime;
  readonly config: RuntimeConfig;
  readonly file: ConfigFile;
  readonly clock: Pick<HostClock, 'after'>;
  readonly log: HostLogger;
}

/** Watches the config file and brings the runtime to what it says, by the smallest operations there are. */
export async function followConfig(options: ConfigChangesOptions): Promise<AsyncDisposable> {
  const { runtime, config, file, clock, log } = options;
  return watchConfig({
    ...file,
    debounceMs: config.plugins.debounceMs,
    clock,
    onProblem: (error) => log.error({ code: codeOf(error), reason: error.message }, 'the config file cannot be used'),
    onChange: (parsed) => {
      runtime.updateConfig(parsed.config).then(
        (update) => tell(update, log),
        (error: unknown) => log.error({ code: codeOf(error), reason: messageOf(error) }, 'the new config was not taken over'),
      );
    },
  });
}

/** What became of each plugin is in the log already; this is what no plugin's line says. */
function tell({ needsRestart, drift }: ConfigUpdate, log: HostLogger): void {
  if (needsRestart.length > 0) log.warn({ settings: needsRestart }, 'changed settings need a restart');
  for (const message of drift) log.warn(message);
}

function codeOf(error: unknown): string | undefined {
  return isCodedError(error) ? error.code : undefined;
}
