const mark: unique symbol = Symbol.for('hotswap.defined-in') as never;

/** The file of a frame such as `at start (file:///plugins/a.ts:3:4)` or `at /plugins/a.ts:3:4`. */
const frameFile = /(?:\(|at (?:async )?)((?:file:\/\/|\/|[A-Za-z]:\\)[^()]*?)(?:\?[^()]*)?:\d+:\d+\)?$/;

/**
 * Notes on a definition the file that calls the function which calls this one. A test host that must load the plugin
 * anew, because functions cannot cross into its isolate, finds it there.
 */
export function noteFile<T extends object>(definition: T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 3;
  const { stack } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  const frame = typeof stack === 'string' ? stack.split('\n').at(-1) : undefined;
  const file = frame === undefined ? undefined : frameFile.exec(frame.trimEnd())?.[1];
  return Object.defineProperty(definition, mark, { value: file });
}

/** The path or `file:` address of the module that called `definePlugin`, where that is known. */
export function definedIn(definition: object): string | undefined {
  const file: unknown = Reflect.get(definition, mark);
  return typeof file === 'string' ? file : undefined;
}
