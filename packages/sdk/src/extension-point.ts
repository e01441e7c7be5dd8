/** A place where a host lets plugins act: it gives `Input`, each plugin may answer `Output`. */
export interface ExtensionPoint<Input, Output> {
  readonly input?: Input;
  readonly output?: Output;
}

/**
 * Declares the input and output of one of the host's extension points.
 *
 * @example
 * const points = runtime.extend({ 'key.validate': extensionPoint<Key, Verdict>() });
 * const verdicts = await points['key.validate'].run(key);
 */
export function extensionPoint<Input, Output>(): ExtensionPoint<Input, Output> {
  return {};
}
