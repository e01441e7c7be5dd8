import { errorKinds, isCodedError } from '@hotswap/protocol';
import type { CodedError, ErrorDetails, ErrorKind } from '@hotswap/protocol';
import { HotResponse } from '@hotswap/protocol/http';

/** Codes whose HTTP status says more than the status of their kind. */
const statusByCode: Readonly<Record<string, number>> = { BODY_TOO_LARGE: 413, URL_TOO_LONG: 414 };

/** Kinds whose own words may hold what only operators should read: stacks, paths, the last lines of a process. */
const generalMessages: Partial<Readonly<Record<ErrorKind, string>>> = {
  'plugin-fault': 'a plugin failed while it answered; the log of the host says how',
};

/** The answer that stands for an error: the common error body, and the status of the error's kind. Never a stack. */
export function errorResponse(error: unknown, requestId?: string): HotResponse {
  if (!isCodedError(error)) return asResponse({ code: 'PLUGIN_FAULT', kind: 'plugin-fault', details: {} }, requestId);
  if (error.code !== 'PLUGIN_UNLOADING') return asResponse(error, requestId);
  return new HotResponse('Service temporarily unavailable', { status: 503, headers: retryAfter(error.details) });
}

type Described = Pick<CodedError, 'code' | 'kind' | 'details'> & { readonly message?: string };

function asResponse({ code, kind, details, message }: Described, requestId: string | undefined): HotResponse {
  const isOurs = kind !== 'plugin-fault' && kind !== 'internal';
  const error = {
    code,
    message: generalMessages[kind] ?? message,
    details: isOurs && Object.keys(details).length > 0 ? [details] : [],
    traceId: requestId,
    timestamp: new Date().toISOString(),
  };
  return HotResponse.json(
    { error },
    { status: statusByCode[code] ?? errorKinds[kind].status, headers: retryAfter(details) },
  );
}

function retryAfter({ retryAfterSeconds }: ErrorDetails): Record<string, string> {
  return typeof retryAfterSeconds === 'number' ? { 'retry-after': String(Math.ceil(retryAfterSeconds)) } : {};
}
