import type { PluginDefinition } from '@hotswap/sdk';

/**
 * Where a plugin comes from: a folder with a `package.json`, a single `.ts`/`.js` file, a packed `.tgz`,
 * or, for tests, a definition already in memory.
 */
export type PluginSource = string | URL | InMemoryPlugin;

/** A plugin that needs no loading. Its globals are the host's own: timers are not in its ledger. */
export interface InMemoryPlugin {
  readonly name: string;
  readonly version?: string;
  readonly definition: PluginDefinition<never, never>;
  readonly manifest?: Readonly<Record<string, unknown>>;
}
