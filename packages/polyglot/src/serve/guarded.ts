import { timingSafeEqual } from 'node:crypto';
import { type Metadata, status, type UntypedHandleCall, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { tokenField } from '../launch/handshake.ts';

/** What every kind of call has. */
interface AnyCall {
  readonly metadata: Metadata;
  emit?(event: 'error', error: Error): unknown;
}

/**
 * The same service, refusing calls of anybody but the host that started this process. Here and not in an interceptor of the
 * server: that costs each call more than its work.
 */
export function guarded(
  service: UntypedServiceImplementation,
  token: string | undefined,
): UntypedServiceImplementation {
  if (token === undefined) return service;
  const expected = Buffer.from(token);
  return Object.fromEntries(
    Object.entries(service).map(([name, handle]) => [name, guardedCall(handle, expected)] as const),
  );
}

function guardedCall(handle: UntypedHandleCall, expected: Buffer): UntypedHandleCall {
  const details = `the metadata ${tokenField} is missing or wrong`;
  const refusal = { code: status.UNAUTHENTICATED, details };
  const guard = (call: AnyCall, answer?: (error: object) => void): void => {
    const given = Buffer.from(String(call.metadata.get(tokenField)[0] ?? ''));
    if (given.length === expected.length && timingSafeEqual(given, expected)) {
      Reflect.apply(handle, undefined, [call, answer]);
    } else if (answer !== undefined) answer(refusal);
    else call.emit?.('error', Object.assign(new Error(details), refusal));
  };
  return guard as UntypedHandleCall;
}
