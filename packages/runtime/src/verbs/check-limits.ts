import { parseSize, type PluginManifest } from '@hotswap/protocol';
import type { RuntimeConfig } from '../config/runtime-config.ts';
import { fail } from '../errors.ts';

/** The most that operators let a plugin ask for in its manifest. */
export interface PluginAllowance {
  readonly maxMemoryMB: number;
  /** Of one core. */
  readonly maxCPUPercent: number;
  readonly maxBodyBytes: number;
  /** Folders beside a plugin's own that it may be shown, absolute. */
  readonly readable: readonly string[];
}

/** For a host without a config file: there nobody has set a limit. */
export const unlimited: PluginAllowance = {
  maxMemoryMB: Infinity,
  maxCPUPercent: Infinity,
  maxBodyBytes: Infinity,
  readable: ['/'],
};

/** What a config grants. Pure. */
export function allowanceOf({ plugins: { security }, server: { limits } }: RuntimeConfig): PluginAllowance {
  const { maxMemoryMB, maxCPUPercent, readable } = security;
  return { maxMemoryMB, maxCPUPercent, maxBodyBytes: limits.maxBodyBytes, readable };
}

/**
 * Refuses a plugin that asks for more than it may have: it would run short of what its author counts on.
 *
 * @throws PLUGIN_LIMIT_TOO_HIGH
 */
export function checkLimits({ name, limits = {} }: PluginManifest, most: PluginAllowance): void {
  const { maxMemoryMB = 0, maxCPUPercent = 0, maxBody = '0B' } = limits;
  const demands = [
    ['maxMemoryMB', 'plugins.security.maxMemoryMB', maxMemoryMB, most.maxMemoryMB],
    ['maxCPUPercent', 'plugins.security.maxCPUPercent', maxCPUPercent, most.maxCPUPercent],
    ['maxBody', 'server.limits.maxBody', parseSize(maxBody), most.maxBodyBytes],
  ] as const;
  for (const [limit, setting, asked, allowed] of demands) {
    if (asked > allowed) throw fail('PLUGIN_LIMIT_TOO_HIGH', { plugin: name, limit, setting, asked, allowed });
  }
}
