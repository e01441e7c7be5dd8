/** Type-level description of one service method; made by `method()`. */
export interface MethodSpec<Input, Output> {
  readonly input?: Input;
  readonly output?: Output;
}

/** The methods of a service, by name. */
export type ServiceMethods = Readonly<Record<string, MethodSpec<never, unknown>>>;

/** What callers see: every method is asynchronous, at every isolation level. */
export type ServiceClient<Methods> = {
  readonly [Name in keyof Methods]: Methods[Name] extends MethodSpec<infer Input, infer Output>
    ? (input: Input, options?: { readonly signal?: AbortSignal }) => Promise<Output>
    : never;
};

/** What a provider implements. */
export type ServiceImplementation<Methods> = {
  readonly [Name in keyof Methods]: Methods[Name] extends MethodSpec<infer Input, infer Output>
    ? (input: Input, options: { readonly signal: AbortSignal }) => Output | Promise<Output>
    : never;
};

/**
 * A function of another plugin, as a service's provider sees it: a member of an input that the caller made with
 * `ctx.callback`. It runs in the generation that made it, under that generation's time limit. Input and answer must
 * survive `structuredClone`. Rejects with CALLBACK_GONE once that generation has ended, CALLBACKS_EXCEEDED with 1,000
 * calls under way, or what the function throws.
 */
export type Callback<Input, Output = void> = (input: Input) => Promise<Output>;

/** A callback in the hands of its owner. It ends with the generation that made it. */
export interface CallbackHandle<Input, Output = void> extends Callback<Input, Output> {
  /** Ends it sooner: calls under way go on, later ones reject with CALLBACK_GONE. A second call does nothing. */
  release(): void;
}

/** Who provides a service. `withdrawn` without a plugin: nobody has provided it yet. */
export interface ServiceState {
  readonly state: 'provided' | 'replaced' | 'withdrawn';
  /** Who provides it now, or did last. */
  readonly plugin?: string;
  readonly generation?: number;
}

/** Hears who provides a service, one change at a time and in order. */
export type ServiceWatcher = (state: ServiceState) => void | Promise<void>;

/** A service that is provided now. */
export interface ServiceInfo {
  readonly name: string;
  readonly methods: readonly string[];
  readonly plugin: string;
  readonly generation: number;
}

/** A typed token that names a service. Two refs with the same name are the same service. */
export interface ServiceRef<Methods> {
  readonly name: string;
  readonly methods: Methods;
}

/**
 * Names a service and its methods, for the provider and every consumer to import.
 * Inputs and outputs must survive `structuredClone`, but for two things in them, at most four members deep in plain
 * objects and lists: a `ReadableStream` of bytes or text, which arrives as bytes and is read no faster than its reader
 * reads, and in inputs a `Callback`. A stream of an input can be read until the call and the streams of its answer end.
 *
 * @example
 * export const geo = defineService('geo', { locate: method<{ ip: string }, { country: string }>() });
 */
export function defineService<const Methods extends Readonly<Record<string, object>>>(
  name: string,
  methods: Methods,
): ServiceRef<Methods> {
  return { name, methods };
}

/** Declares the input and output of one method inside `defineService`. */
export function method<Input, Output>(): MethodSpec<Input, Output> {
  return {};
}
