import { CodedError, errorKinds, isCodedError, messageOf } from '@hotswap/protocol';
import type { ErrorDetails, ErrorKind } from '@hotswap/protocol';
import { isBounded } from './bounds.ts';

/** What crosses in place of something that was thrown: a coded error's fields, or name and words of any other. */
export interface WireFailure {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: string | undefined;
  readonly kind: string | undefined;
  readonly details: unknown;
}

/** Ends a stack that comes from the other side: what stands above it are that side's own words. */
const foreignMark = '    at <the other side of an isolation boundary>';

const longestMessage = 8_192;
const longestStack = 32_768;
const codePattern = /^[A-Z][A-Z0-9_]{1,63}$/;
const detailBounds = { mostValues: 1_000, mostBytes: 65_536 };

/** Says a thrown value so that it can cross. */
export function toWireFailure(thrown: unknown): WireFailure {
  const isCoded = isCodedError(thrown);
  return {
    name: thrown instanceof Error ? thrown.name : 'Error',
    message: messageOf(thrown).slice(0, longestMessage),
    stack: thrown instanceof Error ? thrown.stack?.slice(0, longestStack) : undefined,
    code: isCoded ? thrown.code : undefined,
    kind: isCoded ? thrown.kind : undefined,
    details: isCoded ? cloneable(thrown.details) : undefined,
  };
}

/** Makes an error of what crossed, whatever it is. Its stack is the other side's, and says so. */
export function fromWireFailure(failure: unknown): Error {
  const { name, message, stack, code, kind, details }: Partial<Record<keyof WireFailure, unknown>> =
    typeof failure === 'object' && failure !== null ? failure : {};
  const words = typeof message === 'string' ? message.slice(0, longestMessage) : 'it failed and did not say why';
  const error =
    typeof code === 'string' && codePattern.test(code) && isKind(kind)
      ? new CodedError({ code, kind, message: words, details: detailsOf(details) })
      : Object.assign(new Error(words), { name: typeof name === 'string' ? name.slice(0, 100) : 'Error' });
  const text = typeof stack === 'string' ? stack.slice(0, longestStack) : `${error.name}: ${words}`;
  error.stack = text.endsWith(foreignMark) ? text : `${text}\n${foreignMark}`;
  return error;
}

function isKind(kind: unknown): kind is ErrorKind {
  return typeof kind === 'string' && Object.hasOwn(errorKinds, kind);
}

function detailsOf(details: unknown): ErrorDetails {
  const isUsable = typeof details === 'object' && details !== null && isBounded(details, detailBounds);
  return isUsable ? { ...details } : {};
}

/** Details are facts for programs: what cannot cross is told by its text. */
function cloneable(details: ErrorDetails): ErrorDetails {
  try {
    return structuredClone(details);
  } catch {
    // The failure is the answer.
    return Object.fromEntries(Object.entries(details).map(([name, value]) => [name, String(value)]));
  }
}
