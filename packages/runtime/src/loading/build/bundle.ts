import type { NativeAddon } from '../artifact.ts';

/** What to bundle. Both paths are real paths. */
export interface BuildRequest {
  readonly plugin: string;
  /** The folder the plugin's own files are confined to. */
  readonly root: string;
  readonly entry: string;
  /** Whether native addons may be among its files; default: the first one fails the build. */
  readonly native?: boolean;
}

/** One ES module with everything inlined but built-ins, the SDK and native addons. */
export interface Bundle {
  readonly code: string;
  /** Source map (JSON); its sources are relative to the entry's folder. */
  readonly map: string;
  /** Every file that went in, absolute. */
  readonly inputs: readonly string[];
  /** Native addons among them: they stay files, and the code asks for each by its name. */
  readonly addons: readonly NativeAddon[];
  readonly warnings: readonly string[];
}
