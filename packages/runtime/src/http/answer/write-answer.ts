import type { ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import { isCodedError, messageOf } from '@hotswap/protocol';
import type { BodyPayload, HotResponse } from '@hotswap/protocol/http';
import { fail } from '../../errors.ts';
import type { Exchange } from '../exchange.ts';
import { readerOf } from './body-reader.ts';
import type { BodyReader } from './body-reader.ts';
import { frameAnswer } from './frame-answer.ts';
import type { AnswerFrame, FrameOptions } from './frame-answer.ts';

export interface WriteOptions extends FrameOptions {
  /** Milliseconds that a client may take no byte of a stream before it is cut off. */
  readonly stallTimeoutMs: number;
  /** Whose answer it is; none for an error of our own. */
  readonly exchange: Exchange | undefined;
}

/**
 * Writes an answer. Text and bytes go out in this very tick and nothing is returned; a stream gives a promise.
 *
 * It throws before the first byte is written, so that another answer can still be given. Later the connection is
 * destroyed and the promise rejects, for the log.
 *
 * @throws RESPONSE_STATUS_INVALID, RESPONSE_HEADER_INVALID, RESPONSE_LENGTH_MISMATCH, RESPONSE_BODY_USED
 */
export function writeAnswer(target: ServerResponse, answer: HotResponse, options: WriteOptions): void | Promise<void> {
  const payload = takePayload(answer);
  // Its 'close' is over, so nothing would ever wake a stream that is begun now.
  if (target.destroyed) return cancelUnsent(payload, fail('CLIENT_LEFT'));
  let frame: AnswerFrame;
  try {
    frame = frameAnswer(answer, payload, options);
    writeHead(target, answer, frame);
  } catch (error) {
    cancelUnsent(payload, error);
    throw error;
  }
  if (payload === null || typeof payload === 'string' || payload instanceof Uint8Array) {
    target.end(frame.hasBody && payload !== null ? payload : undefined);
    return;
  }
  if (frame.hasBody) return pour(target, readerOf(payload), frame.length, options);
  cancelUnsent(payload, fail('CLIENT_LEFT'));
  target.end();
}

function takePayload(answer: HotResponse): BodyPayload | null {
  try {
    return answer.take();
  } catch (error) {
    throw fail('RESPONSE_BODY_USED', {}, { cause: error });
  }
}

function writeHead(target: ServerResponse, { status, statusText }: HotResponse, { fields }: AnswerFrame): void {
  try {
    if (statusText === '') target.writeHead(status, fields);
    else target.writeHead(status, statusText, fields);
  } catch (error) {
    if (isCodedError(error)) throw error;
    // Node keeps the words it refused and would refuse the next head for them.
    target.statusMessage = '';
    // Node checks names and values while it writes the head; nothing has been sent.
    throw fail('RESPONSE_HEADER_INVALID', { problem: messageOf(error) }, { cause: error });
  }
}

async function pour(
  target: ServerResponse,
  reader: BodyReader,
  length: number | undefined,
  { stallTimeoutMs, exchange }: WriteOptions,
): Promise<void> {
  const onClose = (): void => reader.cancel(fail('CLIENT_LEFT'));
  const cut = Promise.withResolvers<never>();
  target.on('close', onClose);
  target.flushHeaders();
  exchange?.whenCutOff(cut.reject);
  try {
    await Promise.race([pourParts(target, reader, { length, stallTimeoutMs }), cut.promise]);
  } catch (error) {
    reader.cancel(error);
    destroyUnfinished(target, length);
    throw error;
  } finally {
    target.off('close', onClose);
  }
}

/**
 * Ends the connection in the middle of an answer. A body with neither length nor chunks, as in HTTP/1.0, ends where its
 * connection ends: only a reset tells its client that something is missing.
 */
function destroyUnfinished(target: ServerResponse, length: number | undefined): void {
  const { socket } = target;
  const isDelimited = length !== undefined || target.chunkedEncoding;
  if (!isDelimited && socket !== null && !(socket instanceof TLSSocket)) socket.resetAndDestroy();
  target.destroy();
}

async function pourParts(
  target: ServerResponse,
  reader: BodyReader,
  { length, stallTimeoutMs }: { readonly length: number | undefined; readonly stallTimeoutMs: number },
): Promise<void> {
  let sent = 0;
  for (let part = await reader.next(); part !== undefined; part = await reader.next()) {
    if (target.destroyed) return;
    const left = length === undefined ? part.byteLength : length - sent;
    sent += part.byteLength;
    if (part.byteLength > left) {
      // The client gets what was announced; what follows must never be read as a second answer.
      reader.cancel(undefined);
      target.end(part.subarray(0, left), () => target.socket?.destroySoon());
      throw fail('RESPONSE_LENGTH_MISMATCH', { declared: length, found: `more than ${length}` });
    }
    if (!target.write(part)) await drained(target, stallTimeoutMs);
  }
  if (target.destroyed) return;
  if (length !== undefined && sent < length) throw fail('RESPONSE_LENGTH_MISMATCH', { declared: length, found: sent });
  target.end();
}

/** Waits until the client has taken what was written; the socket's own timer cuts off one that takes nothing. */
function drained(target: ServerResponse, stallTimeoutMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (target.destroyed) return Promise.resolve();
  const settle = (): void => {
    target.off('drain', settle);
    target.off('close', settle);
    if (!target.destroyed) target.setTimeout(0);
    resolve();
  };
  target.setTimeout(stallTimeoutMs);
  target.on('drain', settle);
  target.on('close', settle);
  return promise;
}

function cancelUnsent(payload: BodyPayload | null, reason: unknown): void {
  if (payload !== null && typeof payload === 'object' && !(payload instanceof Uint8Array))
    readerOf(payload).cancel(reason);
}
