import { cgroupErrors } from './errors/cgroup.ts';
import { containerErrors } from './errors/containers.ts';
import { egressErrors } from './errors/egress.ts';
import { launchErrors } from './errors/launch.ts';

/** What can go wrong here, with a sentence that says what to do; `{name}` is filled in from `details`. */
export const sandboxErrors = {
  ...cgroupErrors,
  ...egressErrors,
  ...containerErrors,
  ...launchErrors,
} as const satisfies Readonly<Record<string, { readonly kind: string; readonly message: string }>>;

/** The code of an error of this package. */
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
