import type { ConfinementLimits } from './confined-process.ts';
import type { EgressRefusal } from './egress/refusal.ts';
import type { LayerName } from './layers.ts';

/** What to run. */
export interface ConfinedProgram {
  /** `node`: a CommonJS or ES module file, with Node's permission model and the guard around it. */
  readonly type: 'node' | 'executable';
  /** Absolute. Visible in the sandbox under the same path. */
  readonly file: string;
  readonly args?: readonly string[];
}

/** How one process is confined. */
export interface LaunchOptions {
  readonly program: ConfinedProgram;
  /** Flags of Node; only for `node`. */
  readonly nodeFlags?: readonly string[];
  /** Files and folders it may read, absolute; the program's file, Node and their libraries are always among them. */
  readonly read?: readonly string[];
  /** The one folder it may write beside its temp folder, absolute; default: none. */
  readonly work?: string;
  /** Its whole environment; default: `PATH`, `HOME`, `TMPDIR` and `LANG` made for it. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly limits?: ConfinementLimits;
  /**
   * Lets it reach the `host:port` entries named, through a proxy of this package. Default: it reaches nothing. An empty
   * list: nothing yet, see `ConfinedProcess.allowNetwork`.
   */
  readonly egress?: readonly string[];
  /** Told of each connection that was refused; a program can be refused as often as it likes. Default: only counted. */
  readonly onRefused?: (refusal: EgressRefusal) => void;
  /** Whether it may load native addons; default false. */
  readonly native?: boolean;
  /** What it reads from; default: nothing. `inherit`: this process's own. */
  readonly stdin?: 'ignore' | 'inherit';
  /** Layers that are left out, by name, each told in the report. For trying the others alone. */
  readonly without?: readonly LayerName[];
}

/** How a sandbox treats what this host lacks. */
export interface SandboxOptions {
  /** Layers that may be missing. A missing one that is not named refuses to launch: SANDBOX_LAYER_MISSING. */
  readonly allowMissing?: readonly LayerName[];
}
