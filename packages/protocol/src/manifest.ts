import type { RecoverySettings } from './manifest-recovery.ts';

/** A JSON Schema document (draft 2020-12 subset that ajv reads). */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** How strongly a plugin is kept apart from its host, weakest first. */
export type IsolationLevel = 'none' | 'basic' | 'strict' | 'sandbox' | 'container';

/** `overlap`: new beside old, then one publish. `exclusive`: the old one lets go before the new one takes over. */
export type SwapMode = 'overlap' | 'exclusive';

/** What a plugin asks to be allowed to do. Anything not listed is refused. */
export interface Capabilities {
  /** `host:port` entries that `ctx.fetch` may reach. */
  readonly network?: readonly string[];
  /** Names of secrets that `ctx.secrets.get` may read. */
  readonly secrets?: readonly string[];
  /** Folders the plugin may read, relative to its own folder or absolute. */
  readonly files?: readonly string[];
  /** Host services beyond the ones every plugin has. */
  readonly services?: readonly string[];
  /** Whether the plugin has native addons built in; default false. It runs at `sandbox` or `container` only then. */
  readonly native?: boolean;
}

/** Another plugin this one needs: a semver range, or a range with a mark that it may be missing. */
export type DependencySpec = string | { readonly version: string; readonly optional?: boolean };

/** Limits a plugin asks for; the smallest of the plugin's, the operator's and the tenant's holds. */
export interface PluginLimits {
  readonly maxMemoryMB?: number;
  readonly maxCPUPercent?: number;
  /** A duration, such as `30s`: how long one call may take. */
  readonly callTimeout?: string;
  /** A size, such as `10MB`: the largest request body the plugin's routes accept. */
  readonly maxBody?: string;
}

/** How the runtime asks a plugin for its health. */
export interface HealthSettings {
  /** A duration; default `30s`. */
  readonly interval?: string;
  /** Failed checks in a row until the plugin counts as unhealthy; default 3. */
  readonly strikes?: number;
  /** Healthy answers in a row that a candidate must give before it is published; default 1. */
  readonly warmUp?: number;
}

/** A plugin that is a program of its own, in any language: either `command` or `target`, in place of `main`. */
export interface ExecutableField {
  /** The dialect that it speaks, such as `grpc`; the host must have that one. */
  readonly protocol: string;
  /** Program and arguments, started in the plugin's folder. A program that begins with `./` is a file there; another one is found on the path. */
  readonly command?: readonly string[];
  /** Where it runs already, such as `grpcs://greeter.internal:8443`. Needs `ca` or `key`. */
  readonly target?: string;
  /** PEM file, in the plugin's folder, of the authority whose certificates are taken for the target's. */
  readonly ca?: string;
  /** The target's public key: `sha256:` and base64 of the digest of its SubjectPublicKeyInfo. */
  readonly key?: string;
  /** Whether a started program and its host show each other certificates made for this start; default false. */
  readonly mtls?: boolean;
}

/** The `hotswap` field of a plugin's `package.json`. */
export interface HotswapField {
  /** What the plugin does: `core`, `middleware`, `storage`, `security`, `monitoring`, `protocol`, `content`, `ratelimit` or free text. */
  readonly kinds?: readonly string[];
  readonly category?: string;
  /** Default `basic`. The operator's setting wins where it is stronger. */
  readonly isolation?: IsolationLevel;
  /** The container image that it runs in at level `container`, which must have Node; default: one made of the host's Node. */
  readonly image?: string;
  readonly capabilities?: Capabilities;
  /** Plugin name to range. */
  readonly dependencies?: Readonly<Record<string, DependencySpec>>;
  /** JSON Schema of the plugin's config: `default` fills, `secret: true` masks. */
  readonly config?: JsonSchema;
  /** Version of the state that the plugin exports; default 1. */
  readonly stateVersion?: number;
  /** Default `overlap`. */
  readonly swap?: SwapMode;
  readonly limits?: PluginLimits;
  readonly health?: HealthSettings;
  readonly recovery?: RecoverySettings;
  readonly executable?: ExecutableField;
}

/** What a plugin declares about itself, readable without running its code. */
export interface PluginManifest extends HotswapField {
  readonly name: string;
  /** Strict semver. */
  readonly version: string;
  readonly description: string;
  readonly author?: string;
  readonly license?: string;
  readonly keywords?: readonly string[];
  /** Range of HotSwap versions the plugin runs on. */
  readonly engines: { readonly hotswap: string };
  /** Path of the module with the default export, relative to the manifest. */
  readonly main: string;
}

/** Names no plugin may have: they collide with config sections and routes. */
export const reservedNames: readonly string[] = [
  'security',
  'config',
  'status',
  'list',
  'health',
  'reload',
  'load',
  'plan',
  'doctor',
];

/** The version of HotSwap that `engines.hotswap` ranges are held against. */
export const hotswapVersion = '1.0.0';
