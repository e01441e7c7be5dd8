import { isBlob } from '@hotswap/protocol/http';
import type { BodyPayload, HotResponse } from '@hotswap/protocol/http';
import { fail } from '../../errors.ts';

/** What goes on the wire before the body. */
export interface AnswerFrame {
  /** Names and values in turn. */
  readonly fields: string[];
  /** Bytes the body must have; `undefined` when only its end will tell. */
  readonly length: number | undefined;
  /** Whether the body is sent: not for HEAD, 204, 205 and 304. */
  readonly hasBody: boolean;
}

/** What the frame depends on beside the answer. */
export interface FrameOptions {
  readonly isHead: boolean;
  /** Whether the connection cannot be used again. */
  readonly mustClose: boolean;
  /** Plugins answer on the origin of the management pages: their answers are made harmless to it. */
  readonly isSharedOrigin: boolean;
}

/**
 * Decides how an answer is framed. The host owns framing: whatever a plugin says about connections and transfer is
 * dropped, and its content-length has to be true.
 *
 * @throws RESPONSE_STATUS_INVALID, RESPONSE_LENGTH_MISMATCH
 */
export function frameAnswer(answer: HotResponse, payload: BodyPayload | null, options: FrameOptions): AnswerFrame {
  const { status } = answer;
  if (status < 200) throw fail('RESPONSE_STATUS_INVALID', { status });
  const fields = answer.headerList();
  const declared = keepAllowed(fields, options.isSharedOrigin);
  const isBodiless = status === 204 || status === 205 || status === 304;
  const found = knownLength(payload);
  const isLie = declared !== undefined && found !== undefined && declared !== found;
  if (isLie && !isBodiless && !(options.isHead && payload === null)) {
    throw fail('RESPONSE_LENGTH_MISMATCH', { declared, found });
  }
  const length = status === 204 ? undefined : status === 205 ? 0 : (declared ?? (status === 304 ? undefined : found));
  if (length !== undefined) fields.push('content-length', String(length));
  if (options.mustClose) fields.push('connection', 'close');
  // What 426 must say, and the only other protocol there is.
  if (status === 426) fields.push('upgrade', 'websocket', ...(options.mustClose ? [] : ['connection', 'upgrade']));
  if (options.isSharedOrigin) fields.push('content-security-policy', 'sandbox');
  return { fields, length, hasBody: !isBodiless && !options.isHead };
}

/** Drops, in place, the fields that are the host's to set; gives the content-length that was among them. */
export function keepAllowed(fields: string[], isSharedOrigin: boolean): number | undefined {
  let kept = 0;
  let declared: number | undefined;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? '';
    const value = fields[i + 1] ?? '';
    if (name.length === 14 && name.toLowerCase() === 'content-length') declared = readLength(value, declared);
    else if (!isHostField(name) && !(isSharedOrigin && isOriginField(name))) {
      fields[kept++] = name;
      fields[kept++] = value;
    }
  }
  fields.length = kept;
  return declared;
}

/** Told by length first: this runs for each field of each answer. */
function isHostField(name: string): boolean {
  switch (name.length) {
    case 2:
      return name.toLowerCase() === 'te';
    case 7:
      return /^(?:upgrade|trailer)$/i.test(name);
    case 10:
      return /^(?:connection|keep-alive)$/i.test(name);
    case 17:
      return name.toLowerCase() === 'transfer-encoding' || isProxyField(name);
    default:
      return isProxyField(name);
  }
}

function isProxyField(name: string): boolean {
  return (name.charCodeAt(0) | 0x20) === 0x70 && /^proxy-/i.test(name);
}

function isOriginField(name: string): boolean {
  return /^(?:set-cookie|service-worker-allowed|content-security-policy)$/i.test(name);
}

function readLength(value: string, earlier: number | undefined): number {
  const length = /^\d{1,15}$/.test(value) ? Number(value) : NaN;
  if (Number.isNaN(length) || (earlier !== undefined && earlier !== length)) {
    throw fail('RESPONSE_LENGTH_MISMATCH', { declared: value, found: earlier ?? 'other' });
  }
  return length;
}

function knownLength(payload: BodyPayload | null): number | undefined {
  if (payload === null) return 0;
  if (typeof payload === 'string') return Buffer.byteLength(payload);
  if (payload instanceof Uint8Array) return payload.byteLength;
  return isBlob(payload) ? payload.size : undefined;
}
