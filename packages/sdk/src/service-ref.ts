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

/** A typed token that names a service. Two refs with the same name are the same service. */
export interface ServiceRef<Methods> {
  readonly name: string;
  readonly methods: Methods;
}

/**
 * Names a service and its methods, for the provider and every consumer to import.
 * Inputs and outputs must survive `structuredClone`.
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
