import { resolve } from 'node:path';
import type { LayerName } from '@hotswap/sandbox';
import { count, countOrNone, duration, flag, layers, text, texts, violationAnswer } from './document/setting-kinds.ts';
import type { SettingsSection } from './document/settings-reader.ts';
import { readPluginEntries } from './plugin-entry.ts';
import type { PluginEntry } from './plugin-entry.ts';

/** The `[plugins.security]` section: what operators demand of every plugin. */
export interface SecurityConfig {
  /** Default true. */
  readonly verifySignatures: boolean;
  /** Default false. */
  readonly allowUnsigned: boolean;
  /** For each plugin; default 256. */
  readonly maxMemoryMB: number;
  /** For each plugin, in percent of one core; default 50. */
  readonly maxCPUPercent: number;
  /** The share of a limit, in percent, from which on operators are warned; default 80. */
  readonly warnAtPercent: number;
  /** What a plugin meets that goes over a limit which nothing else holds it to; default `alert`. */
  readonly onViolation: 'alert' | 'restart';
  /** Folders beside its own that a plugin may ask to read, absolute; default none. */
  readonly readable: readonly string[];
  /** What a plugin may keep in `ctx.storage`, for each tenant; default 256. */
  readonly maxStorageMB: number;
  readonly maxThreads: number | undefined;
  readonly maxFileHandles: number | undefined;
  readonly maxNetworkConns: number | undefined;
  /** Whether plugins at `sandbox` and `container` may load native addons where their manifest says so; default true. */
  readonly allowNative: boolean;
  /** Layers of level `sandbox` that may be missing on this host; default: none. */
  readonly allowMissing: readonly LayerName[];
  readonly container: ContainerConfig;
}

/** The `[plugins.security.container]` section: what operators say about level `container`. */
export interface ContainerConfig {
  /** The engine's command and its flags; default: podman, then docker, whichever works. */
  readonly engine: readonly string[];
}

/** The `[plugins]` section. */
export interface PluginsConfig {
  /** Default true; false: no plugin runs. */
  readonly enabled: boolean;
  /** Absolute; default `plugins` beside the config file. */
  readonly directory: string;
  /** Whether everything in the directory is loaded; default true. */
  readonly autoLoad: boolean;
  /** Whether the config file and the plugins' files are watched; default true. */
  readonly watch: boolean;
  /** Names of plugins, and kinds, in the order in which they start. Dependencies outrank it. */
  readonly loadOrder: readonly string[];
  /** Default 30 s. */
  readonly loadTimeoutMs: number;
  /** Default 60 s. */
  readonly drainTimeoutMs: number;
  /** Default 30 s. */
  readonly shutdownTimeoutMs: number;
  /** Default 30 s. */
  readonly callTimeoutMs: number;
  /** How long the config file must be quiet before a change is read; default 250 ms. */
  readonly debounceMs: number;
  /** Default 30 s. */
  readonly healthIntervalMs: number;
  /** How long a replaced generation stays warm; default 60 s. */
  readonly probationMs: number;
  /** Default 10. */
  readonly maxSnapshots: number;
  /** How often the state of a plugin that has answered something is kept for a crash; default 30 s. 0: not at all. */
  readonly snapshotIntervalMs: number;
  /** How long a request waits for a plugin that starts or changes hands; default 5 s. */
  readonly parkTimeoutMs: number;
  /** How many wait for one plugin at most; default 1,000. */
  readonly maxParked: number;
  /** How often what plugins use is held against their limits; default 5,000. */
  readonly usageIntervalMs: number;
  /** Warm threads that wait for `strict` plugins, once there was one; default 1. */
  readonly spares: number;
  readonly security: SecurityConfig;
  /** What the file says about single plugins, by name. */
  readonly entries: Readonly<Record<string, PluginEntry>>;
}

/** Reads `[plugins]` and everything below it; paths are relative to `folder`. */
export function readPluginsConfig(section: SettingsSection, folder: string): PluginsConfig {
  const settings = {
    enabled: section.read('enabled', flag, true),
    directory: resolve(folder, section.read('directory', text, 'plugins')),
    autoLoad: section.read('autoLoad', flag, true),
    watch: section.read('watch', flag, true),
    loadOrder: section.read('loadOrder', texts, []),
    loadTimeoutMs: section.read('loadTimeout', duration, 30_000),
    drainTimeoutMs: section.read('drainTimeout', duration, 60_000),
    shutdownTimeoutMs: section.read('shutdownTimeout', duration, 30_000),
    callTimeoutMs: section.read('callTimeout', duration, 30_000),
    debounceMs: section.read('debounce', duration, 250),
    healthIntervalMs: section.read('healthInterval', duration, 30_000),
    probationMs: section.read('probation', duration, 60_000),
    maxSnapshots: section.read('maxSnapshots', count, 10),
    snapshotIntervalMs: section.read('snapshotInterval', duration, 30_000),
    parkTimeoutMs: section.read('parkTimeout', duration, 5_000),
    maxParked: section.read('maxParked', count, 1_000),
    usageIntervalMs: section.read('usageInterval', duration, 5_000),
    spares: section.read('spares', countOrNone, 1),
    security: readSecurity(section.section('security'), folder),
  };
  const entries = readPluginEntries(section, folder);
  section.close();
  return { ...settings, entries };
}

function readSecurity(section: SettingsSection, folder: string): SecurityConfig {
  const security: SecurityConfig = {
    verifySignatures: section.read('verifySignatures', flag, true),
    allowUnsigned: section.read('allowUnsigned', flag, false),
    maxMemoryMB: section.read('maxMemoryMB', count, 256),
    maxCPUPercent: section.read('maxCPUPercent', count, 50),
    warnAtPercent: section.read('warnAtPercent', count, 80),
    onViolation: section.read('onViolation', violationAnswer, 'alert'),
    readable: section.read('readable', texts, []).map((path) => resolve(folder, path)),
    maxStorageMB: section.read('maxStorageMB', count, 256),
    maxThreads: section.read('maxThreads', count, undefined),
    maxFileHandles: section.read('maxFileHandles', count, undefined),
    maxNetworkConns: section.read('maxNetworkConns', count, undefined),
    allowNative: section.read('allowNative', flag, true),
    allowMissing: section.read('allowMissing', layers, []),
    container: readContainer(section.section('container')),
  };
  section.close();
  return security;
}

function readContainer(section: SettingsSection): ContainerConfig {
  const container: ContainerConfig = {
    engine: section.read('engine', texts, []),
  };
  section.close();
  return container;
}
