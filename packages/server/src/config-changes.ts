import { dirname } from 'node:path';
import { isCodedError, messageOf } from '@hotswap/protocol';
import { planConfigChange, watchConfig } from '@hotswap/runtime';
import type {
  ConfigOperation,
  HostClock,
  HostLogger,
  KnownPlugin,
  Runtime,
  RuntimeConfig,
  SwapReport,
} from '@hotswap/runtime';
import type { ConfigFile } from './server-settings.ts';

export interface ConfigChangesOptions {
  readonly runtime: Runtime;
  readonly config: RuntimeConfig;
  readonly file: ConfigFile;
  readonly clock: Pick<HostClock, 'after'>;
  readonly log: HostLogger;
}

const byFile = { actor: 'file', reason: 'config file changed' } as const;

/** Watches the config file and brings the runtime to what it says, by the smallest operations there are. */
export async function followConfig(options: ConfigChangesOptions): Promise<AsyncDisposable> {
  const { runtime, file, clock, log } = options;
  let inForce = options.config;
  let pending = Promise.resolve();
  return watchConfig({
    ...file,
    debounceMs: inForce.plugins.debounceMs,
    clock,
    onProblem: (error) => log.error({ code: codeOf(error), reason: error.message }, 'the config file cannot be used'),
    onChange: ({ config }) => {
      const plan = planConfigChange(inForce, config, knownPlugins(runtime, config));
      inForce = config;
      if (plan.restart.length > 0) log.warn({ settings: plan.restart }, 'changed settings need a restart');
      // One after the other: a second save may want what the first one brings.
      pending = pending.then(() => applyAll(runtime, plan.operations, log));
    },
  });
}

async function applyAll(runtime: Runtime, operations: readonly ConfigOperation[], log: HostLogger): Promise<void> {
  for (const operation of operations) {
    const { plugin, type } = operation;
    try {
      const report = await applyOperation(runtime, operation);
      if (report === undefined) log.warn({ plugin_name: plugin }, 'a changed isolation needs a restart');
    } catch (error) {
      log.error({ plugin_name: plugin, code: codeOf(error), reason: messageOf(error) }, `the config's ${type} failed`);
    }
  }
}

async function applyOperation(runtime: Runtime, operation: ConfigOperation): Promise<SwapReport | undefined> {
  const { plugin } = operation;
  if (operation.type === 'unload') return runtime.unload(plugin, byFile);
  const { source, config } = operation.wanted;
  switch (operation.type) {
    case 'disable':
      return runtime.disable(plugin, byFile);
    case 'enable':
      return runtime.enable(plugin, byFile);
    case 'configure':
      return runtime.configure(plugin, config, byFile);
    case 'load':
      return source === undefined ? undefined : runtime.load(source, { ...byFile, config });
    case 'swap':
      return source === undefined ? undefined : runtime.swap(plugin, source, { ...byFile, config });
  }
}

function knownPlugins(runtime: Runtime, { plugins }: RuntimeConfig): readonly KnownPlugin[] {
  return runtime.status().plugins.map(({ name, kinds, dependencies, origin = '' }) => ({
    name,
    kinds,
    dependencies,
    isInDirectory: dirname(origin) === plugins.directory,
  }));
}

function codeOf(error: unknown): string | undefined {
  return isCodedError(error) ? error.code : undefined;
}
