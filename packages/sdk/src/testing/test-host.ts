import type { IsolationLevel } from '@hotswap/protocol';
import type { Runtime, SwapReport } from '@hotswap/runtime';
import type { PluginDefinition } from '../define-plugin.ts';
import type { MaybePromise } from '../plugin-context.ts';
import { pluginFile } from './plugin-file.ts';

/** A plugin under test: what `definePlugin` returned, or the path of its folder, file or archive. */
export type PluginUnderTest = PluginDefinition<never> | string | URL;

/** Settings of a test host. Everything has a default that keeps a test quick. */
export interface TestHostOptions {
  /** The plugin's config; its manifest's defaults are filled in when it is loaded from a path. */
  readonly config?: object;
  /** Default: what the manifest asks for, else `basic`. */
  readonly isolation?: IsolationLevel;
  /** Name of a plugin that is given as a definition; default `plugin-under-test`. */
  readonly name?: string;
  /** Manifest fields for a plugin that is given as a definition, such as `capabilities`. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** Secrets by name. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** A real runtime in memory with one plugin in it. */
export interface TestHost extends AsyncDisposable {
  readonly runtime: Runtime;
  /** The plugin's name. */
  readonly plugin: string;
  /** Sends a request through the plugin's middleware and routes. A path alone goes to `http://plugin.test`. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** Calls one of the plugin's methods. */
  invoke(method: string, data?: unknown): MaybePromise<unknown>;
  /** Swaps the plugin for another version. A refusal is in the report. */
  swap(next: PluginUnderTest, options?: { readonly config?: object }): Promise<SwapReport>;
  /** Ends the plugin and the runtime; everything is undone. */
  close(): Promise<void>;
}

/**
 * Runs a plugin in a real runtime in memory, at any isolation level this build has.
 * A definition runs with the test's own globals; a path is loaded as a server would load it. From `strict` on a
 * definition is loaded from its file too: it is that file's default export, and shares nothing with the test.
 *
 * @throws the plugin's own coded error when it cannot start
 * @example
 * const host = await createTestHost(plugin, { config: { greeting: 'hi' } });
 * expect(await (await host.fetch('/hello/ada')).text()).toBe('hi ada');
 * await host.close();
 */
export async function createTestHost(plugin: PluginUnderTest, options: TestHostOptions = {}): Promise<TestHost> {
  // Loaded here and not above: plugins depend on the SDK alone, the runtime is a peer that only their tests need.
  const { createLogger, createRuntime, reportError } = await import('@hotswap/runtime');
  const { secrets, isolation } = options;
  const runtime = createRuntime({
    // A refusal is in the report or thrown: a line about it would only stand between the test's own.
    log: createLogger({ level: 'error' }),
    copyValues: true,
    guardProcess: false,
    limits: { probationMs: 0, drainTimeoutMs: 5_000 },
    ...(secrets === undefined ? {} : { secrets }),
    ...(isolation === undefined ? {} : { isolation }),
  });
  await runtime.start();
  const report = await runtime.load(await sourceOf(plugin, options), configOf(options));
  const refusal = reportError(report);
  if (refusal) {
    await runtime.close();
    throw refusal;
  }
  const name = report.plugin;
  const answers = new Set<Response>();
  const close = async (): Promise<void> => {
    await Promise.all([...answers].filter(isUnread).map(({ body }) => body?.cancel()));
    await runtime.close();
  };
  return {
    runtime,
    plugin: name,
    fetch: async (input, init) => {
      const answer = await runtime.fetch(new Request(absolute(input), init));
      answers.add(answer);
      return answer;
    },
    invoke: (method, data) => runtime.invoke(name, method, data),
    swap: async (next, change = {}) => runtime.swap(name, await sourceOf(next, { ...options, name }), configOf(change)),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A body that a test never read keeps the plugin in use: the host must let go of it, else it waits for the drain's end. */
function isUnread({ bodyUsed, body }: Response): boolean {
  return !bodyUsed && body !== null && !body.locked;
}

async function sourceOf(plugin: PluginUnderTest, options: TestHostOptions) {
  if (typeof plugin === 'string' || plugin instanceof URL) return plugin;
  const { name = 'plugin-under-test', manifest, isolation = manifest?.['isolation'] } = options;
  const isInThisThread = isolation === undefined || isolation === 'none' || isolation === 'basic';
  // Functions cannot cross into another thread or process: there the plugin is loaded anew, from its own file.
  const file = isInThisThread ? undefined : await pluginFile(plugin);
  return { name, definition: plugin, ...(manifest && { manifest }), ...(file && { file }) };
}

function configOf({ config }: { readonly config?: object }) {
  return config === undefined ? {} : { config: { ...config } };
}

function absolute(input: string | URL | Request): string | URL | Request {
  return typeof input === 'string' && input.startsWith('/') ? `http://plugin.test${input}` : input;
}
