import { errorKinds, isCodedError } from '@hotswap/protocol';
import { HotResponse } from '@hotswap/protocol/http';

/**
 * Statuses that say more than an error's kind does. gpg prints 413 as "too large" and 501 as "not implemented", and
 * repeats a 503 at once, so a 503 is never given for what stays as it is.
 */
const statuses: Readonly<Record<string, number>> = {
  KEY_SECRET: 422,
  KEY_UNSUPPORTED: 422,
  KEY_UNVERIFIABLE: 422,
  KEY_REJECTED: 422,
  KEY_TOO_LARGE: 413,
  LOOKUP_TOO_WIDE: 413,
  OPERATION_UNSUPPORTED: 501,
};

/** Anyone may ask, from any page: everything here is public. */
const shared = { 'access-control-allow-origin': '*', 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' };

export function textAnswer(
  body: string,
  options: { readonly status?: number; readonly type?: string } = {},
): HotResponse {
  const { status = 200, type = 'text/plain; charset=utf-8' } = options;
  return new HotResponse(body, { status, headers: { ...shared, 'content-type': type } });
}

export function jsonAnswer(value: unknown, status = 200): HotResponse {
  return textAnswer(`${JSON.stringify(value)}\n`, { status, type: 'application/json' });
}

/** The policy keeps what somebody wrote into a user id from doing anything, should the escaping ever fail. */
export function htmlAnswer(body: string): HotResponse {
  const headers = {
    ...shared,
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
  };
  return new HotResponse(body, { headers });
}

/** An error as one line of text, `CODE: sentence`. Errors without a code are not ours to answer and are thrown on. */
export function errorAnswer(error: unknown): HotResponse {
  if (!isCodedError(error)) throw error;
  return textAnswer(`${error.code}: ${error.message}\n`, { status: statusOf(error.code, error.kind) });
}

function statusOf(code: string, kind: keyof typeof errorKinds): number {
  return statuses[code] ?? errorKinds[kind].status;
}
