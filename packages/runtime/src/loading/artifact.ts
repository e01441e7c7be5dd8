import type { ExecutableField, PluginManifest } from '@hotswap/protocol';
import type { PluginDefinition } from '@hotswap/sdk';
import type { Verification } from '../verification/judge.ts';

/** A plugin ready to be started: checked manifest and text, or a definition in memory. Immutable. */
export interface Artifact {
  readonly manifest: PluginManifest;
  /** `sha256:` and hex, over manifest and code: the same digest is the same plugin. */
  readonly digest: string;
  readonly program: Program;
  /** The path or address it came from, for status and for loading it again. */
  readonly origin: string;
  /** Files of the plugin's own whose change makes this artifact stale; packages in `node_modules` are left out. Empty for archives and definitions. */
  readonly inputs: readonly string[];
  /** On whose word it was made; absent where nobody was asked. */
  readonly verification?: Verification;
}

/** A native addon that a program was bundled with. */
export interface NativeAddon {
  /** What the code calls it: its path from the plugin's folder, the same on every machine. */
  readonly name: string;
  /** A real path. */
  readonly file: string;
  /** SHA-256 in hex of the file when it was built in. */
  readonly digest: string;
}

/** The code half of an artifact. */
export type Program =
  | {
      readonly type: 'text';
      /** The body of an async function: bundled, imports and exports rewritten. Compiled, never imported. */
      readonly body: string;
      /** Source map (JSON) from `body` to the author's files. */
      readonly sourceMap: string | undefined;
      /** The entry's real path, so that debuggers and stacks name it. */
      readonly file: string;
      /** Native addons it may load; none where there are none. */
      readonly addons?: readonly NativeAddon[] | undefined;
    }
  | { readonly type: 'definition'; readonly definition: PluginDefinition }
  | {
      /** A program of its own, which a dialect runs. */
      readonly type: 'executable';
      readonly executable: ExecutableField;
      /** The plugin's folder, a real path. */
      readonly root: string;
      /** SHA-256 in hex over everything in it when it was loaded; see `readFolderContent`. */
      readonly content: string;
    };
