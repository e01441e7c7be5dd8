/** Who has to act on an error. Each kind has one HTTP status and one exit code, whatever raised it. */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'limit'
  | 'timeout'
  | 'unavailable'
  | 'plugin-fault'
  | 'internal';

/** What a kind means on the wire and at a prompt: HTTP status and process exit code. */
export const errorKinds: Readonly<Record<ErrorKind, { readonly status: number; readonly exitCode: number }>> = {
  invalid: { status: 400, exitCode: 2 },
  unauthenticated: { status: 401, exitCode: 3 },
  forbidden: { status: 403, exitCode: 3 },
  'not-found': { status: 404, exitCode: 4 },
  conflict: { status: 409, exitCode: 5 },
  limit: { status: 429, exitCode: 6 },
  timeout: { status: 504, exitCode: 7 },
  unavailable: { status: 503, exitCode: 7 },
  'plugin-fault': { status: 502, exitCode: 8 },
  internal: { status: 500, exitCode: 70 },
};

/** Typed facts about an error, for programs. Never holds a secret. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** What crosses a wire in place of a `CodedError`. */
export interface WireError {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly message: string;
  readonly details?: ErrorDetails;
}

/**
 * The one error class that crosses every boundary of HotSwap.
 *
 * Recognise it by `code`, never with `instanceof`: two copies of this package, or two sides of a wire, must agree.
 */
export class CodedError extends Error {
  override readonly name: string = 'CodedError';
  /** Stable, `AREA_REASON`; listed in the error reference. */
  readonly code: string;
  readonly kind: ErrorKind;
  readonly details: ErrorDetails;

  constructor(error: WireError, options?: { readonly cause?: unknown }) {
    super(error.message, options);
    this.code = error.code;
    this.kind = error.kind;
    this.details = error.details ?? {};
  }

  toJSON(): WireError {
    return { code: this.code, kind: this.kind, message: this.message, details: this.details };
  }
}

/** Whether a thrown value carries a code and a kind, from this or any other copy of the package. */
export function isCodedError(value: unknown): value is CodedError {
  return (
    value instanceof Error &&
    'code' in value &&
    typeof value.code === 'string' &&
    'kind' in value &&
    typeof value.kind === 'string' &&
    Object.hasOwn(errorKinds, value.kind)
  );
}

/** One line of a package's error catalog. `message` may hold `{name}` places, filled from the parameters. */
export interface ErrorEntry {
  readonly kind: ErrorKind;
  readonly message: string;
}

/** Makes the one function a package throws its errors with. The parameters become the error's details. */
export type Fail<Code extends string> = (
  code: Code,
  parameters?: ErrorDetails,
  options?: { readonly cause?: unknown },
) => CodedError;

/**
 * Turns a catalog (code to kind and message template) into a function that builds its errors.
 *
 * @example
 * const fail = defineErrors({ ROUTE_CONFLICT: { kind: 'conflict', message: 'route {path} is taken by {plugin}' } });
 * throw fail('ROUTE_CONFLICT', { path: '/x', plugin: 'a' });
 */
export function defineErrors<Code extends string>(catalog: Readonly<Record<Code, ErrorEntry>>): Fail<Code> {
  return (code, parameters = {}, options) => {
    const { kind, message } = catalog[code];
    const text = message.replace(/\{(\w+)\}/g, (_, name: string) => String(parameters[name] ?? `{${name}}`));
    return new CodedError({ code, kind, message: text, details: parameters }, options);
  };
}

/** The sentence inside any thrown value; for a value that is no error, its text. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
