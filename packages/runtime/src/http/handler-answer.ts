import { HotResponse } from '@hotswap/protocol/http';
import type { HotRequest } from '@hotswap/protocol/http';
import { errorResponse } from './error-response.ts';
import { fail } from '../errors.ts';
import type { Generation } from '../plugin/generation.ts';

/** Holds a route to the body that its plugin accepts; an answer when more than that was announced. */
export function boundBody({ source }: HotRequest, { maxBodyBytes: limit }: Generation): HotResponse | undefined {
  if (limit === Infinity || source?.body === undefined) return undefined;
  source.limitBody(limit);
  const isTooLarge = (source.body.length ?? 0) > limit;
  return isTooLarge ? errorResponse(fail('BODY_TOO_LARGE', { limit }), source.requestId) : undefined;
}

/** @throws HANDLER_ANSWER_INVALID */
export function readVerdict(value: unknown, plugin: string): HotResponse | undefined {
  return value === undefined ? undefined : readResponse(value, plugin);
}

/** What a hook answers does not matter. */
export function readNothing(): void {}

/** The answer with the status that a hook has set. */
export function withStatus(response: HotResponse, status: number): HotResponse {
  return status === response.status ? response : new HotResponse(response.body, { status, headers: response.headers });
}

/** @throws HANDLER_ANSWER_INVALID */
export function readResponse(value: unknown, plugin: string): HotResponse {
  if (value instanceof HotResponse) return HotResponse.from(value);
  const found = value === null || value === undefined ? String(value) : typeof value;
  throw fail('HANDLER_ANSWER_INVALID', { plugin, found });
}
