/** What can go wrong here, with a sentence that says what to do; `{name}` is filled in from `details`. */
export const sandboxErrors = {
  SANDBOX_LAYER_MISSING: {
    kind: 'unavailable',
    message:
      'this host cannot confine a process as asked: {layers} missing ({reason}); repair that, or allow the weaker form by name with allowMissing',
  },
} as const satisfies Readonly<Record<string, { readonly kind: string; readonly message: string }>>;

export type SandboxErrorCode = keyof typeof sandboxErrors;

/** An error of this package. Recognise it by `code`. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError';
  readonly code: SandboxErrorCode;
  /** Who must act, in the words that the whole project has for it: `unavailable` is the operator. */
  readonly kind: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: SandboxErrorCode, details: Readonly<Record<string, unknown>> = {}, options?: ErrorOptions) {
    const { kind, message } = sandboxErrors[code];
    super(
      message.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(details[name])),
      options,
    );
    this.code = code;
    this.kind = kind;
    this.details = details;
  }
}
