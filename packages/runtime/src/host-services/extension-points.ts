import type { ExtensionPoint, Logger, MaybePromise } from '@hotswap/sdk';
import type { Priority } from '@hotswap/protocol';
import { messageOf } from '@hotswap/protocol';

/** One generation's answer to a point. */
export interface ExtensionHandler {
  readonly plugin: string;
  readonly generation: number;
  readonly point: string;
  /** Lower is asked first; equal ones by plugin name. */
  readonly priority: Priority;
  /** Takes a lease on its generation for as long as it runs. */
  readonly handler: (input: unknown) => MaybePromise<unknown>;
}

/** What one plugin said: its value, or the error that its handler ended with. */
export type ExtensionAnswer<Output> =
  | { readonly plugin: string; readonly value: Output }
  | { readonly plugin: string; readonly error: Error };

/** An extension point in the host's hands. */
export interface HostExtensionPoint<Input, Output> {
  /** Asks every plugin, in order, all at once. One that fails does not keep the others from answering. */
  run(input: Input): Promise<readonly ExtensionAnswer<Output>[]>;
  /** How many handlers are attached now: with none, there is no need to run. */
  readonly handlers: number;
}

/** Points by name, as `extensionPoint()` declares them. */
export type ExtensionPointDeclarations = Readonly<Record<string, ExtensionPoint<unknown, unknown>>>;

/** What `extend` gives for its declarations. */
export type HostExtensionPoints<Declarations> = {
  readonly [Name in keyof Declarations]: Declarations[Name] extends ExtensionPoint<infer Input, infer Output>
    ? HostExtensionPoint<Input, Output>
    : never;
};

/** Where plugins act in the host's own code. A plugin may attach to a point before the host declares it. */
export class ExtensionPoints {
  readonly #log: Logger;
  /** Per point, in the order of asking. The lists are replaced, never changed: a run keeps the one it began with. */
  readonly #handlers = new Map<string, readonly ExtensionHandler[]>();

  constructor(options: { readonly log: Logger }) {
    this.#log = options.log;
  }

  /** Gives the host its points. Asking twice for a name gives the same point. */
  extend<Declarations extends ExtensionPointDeclarations>(
    declarations: Declarations,
  ): HostExtensionPoints<Declarations> {
    const points = Object.keys(declarations).map((name) => [name, this.#point(name)] as const);
    return Object.fromEntries(points) as HostExtensionPoints<Declarations>;
  }

  /** Attaches a handler, at publish; the returned function detaches it, at drain. */
  attach(handler: ExtensionHandler): () => void {
    const { point } = handler;
    this.#handlers.set(point, [...this.#handlersOf(point), handler].toSorted(inOrderOfAsking));
    return () => {
      const rest = this.#handlersOf(point).filter((other) => other !== handler);
      if (rest.length === 0) this.#handlers.delete(point);
      else this.#handlers.set(point, rest);
    };
  }

  #point(name: string): HostExtensionPoint<unknown, unknown> {
    const handlersOf = (): readonly ExtensionHandler[] => this.#handlersOf(name);
    return {
      run: (input) => Promise.all(handlersOf().map((handler) => this.#ask(handler, input))),
      get handlers() {
        return handlersOf().length;
      },
    };
  }

  async #ask(
    { plugin, generation, point, handler }: ExtensionHandler,
    input: unknown,
  ): Promise<ExtensionAnswer<unknown>> {
    try {
      return { plugin, value: await handler(input) };
    } catch (thrown) {
      this.#log.warn({ plugin_name: plugin, generation, point, error: messageOf(thrown) }, 'extension handler failed');
      return { plugin, error: thrown instanceof Error ? thrown : new Error(messageOf(thrown), { cause: thrown }) };
    }
  }

  #handlersOf(point: string): readonly ExtensionHandler[] {
    return this.#handlers.get(point) ?? [];
  }
}

function inOrderOfAsking(a: ExtensionHandler, b: ExtensionHandler): number {
  if (a.priority !== b.priority) return a.priority - b.priority;
  if (a.plugin === b.plugin) return 0;
  return a.plugin < b.plugin ? -1 : 1;
}
