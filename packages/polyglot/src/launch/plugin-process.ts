import type { Readable } from 'node:stream';
import type { ConfinedProcess } from '@hotswap/sandbox';

/** How a plugin's process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
  readonly cause: 'exit' | 'signal' | 'memory' | 'limit';
  /** A sentence for operators, such as `it exited with code 3`. */
  readonly detail: string;
}

/** What to start. */
export interface ProcessStart {
  /** Absolute. */
  readonly file: string;
  readonly args: readonly string[];
  /** The plugin's folder. */
  readonly root: string;
  /** The one folder that it may write, where its socket belongs. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** A plugin's process with all that it starts. */
export interface PluginProcess {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** What confines it; absent where nothing does. */
  readonly confinement?: Pick<ConfinedProcess, 'layers' | 'usage'> | undefined;
  /** Never rejects. */
  readonly exited: Promise<ProcessEnd>;
  /** Kills it and all that it started. Resolves when it is gone. */
  kill(): Promise<ProcessEnd>;
}
