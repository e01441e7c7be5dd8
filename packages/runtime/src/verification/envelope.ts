// The DSSE envelope and the in-toto statement inside it.
// https://github.com/secure-systems-lab/dsse/blob/master/protocol.md, https://github.com/in-toto/attestation
import { messageOf } from '@hotswap/protocol';
import { parseStrictJson, recordOf } from './strict-json.ts';

/** The one payload type that is taken: text signed for another purpose is no signature of a plugin. */
export const payloadType = 'application/vnd.in-toto+json';
export const statementType = 'https://in-toto.io/Statement/v1';
/** What the predicate of a plugin's signature is called. */
export const predicateType = 'urn:hotswap:plugin:v1';

/** Bytes that a signature may have: a chain of certificates fits many times. */
export const maxEnvelopeBytes = 262_144;
const maxSignatures = 16;

/** What a signer says about a plugin. Moments are milliseconds since the epoch. */
export interface Statement {
  readonly name: string;
  readonly version: string;
  /** `sha256:` and hex. */
  readonly digest: string;
  /** The signer's own word: no clock but theirs. */
  readonly signedAt: number;
  readonly expiresAt: number | undefined;
}

/** One signature, not looked at yet. */
export interface RawSignature {
  /** A hint that nothing vouches for: it is never relied on. */
  readonly keyId: string | undefined;
  readonly bytes: Buffer;
  /** PEM, the signer's certificate first. */
  readonly certificates: string | undefined;
}

/** An envelope that is well formed; who signed it is another question. */
export interface Envelope {
  readonly payload: Buffer;
  readonly signatures: readonly RawSignature[];
  readonly statement: Statement;
}

/** The bytes that are signed: type and payload with their lengths, so that neither can be taken for a part of the other. */
export function preAuthEncoding(type: string, payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.byteLength} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/**
 * Reads an envelope. Nothing in it is believed yet.
 *
 * @throws Error that says what is wrong with it
 */
export function parseEnvelope(bytes: Uint8Array): Envelope {
  if (bytes.byteLength > maxEnvelopeBytes) throw new Error(`it has more than ${maxEnvelopeBytes} bytes`);
  const envelope = recordOf(jsonOf(bytes, 'it'));
  if (envelope === undefined) throw new Error('it is no envelope');
  if (envelope['payloadType'] !== payloadType) {
    throw new Error(`its payloadType is ${JSON.stringify(envelope['payloadType'])?.slice(0, 60)}, not ${payloadType}`);
  }
  const payload = fromBase64(envelope['payload'], 'its payload');
  const { signatures } = envelope;
  if (!Array.isArray(signatures) || signatures.length === 0) throw new Error('it holds no signature');
  if (signatures.length > maxSignatures) throw new Error(`it holds more than ${maxSignatures} signatures`);
  return { payload, signatures: signatures.map(signatureOf), statement: statementOf(payload) };
}

/** An envelope as it is written to a file. */
export function formatEnvelope(payload: Uint8Array, signatures: readonly RawSignature[]): string {
  const content = {
    payloadType,
    payload: Buffer.from(payload).toString('base64'),
    signatures: signatures.map(({ keyId, bytes, certificates }) => ({
      keyid: keyId,
      sig: bytes.toString('base64'),
      cert: certificates,
    })),
  };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

/** A statement as it is signed. */
export function formatStatement({ name, version, digest, signedAt, expiresAt }: Statement): Buffer {
  const predicate = {
    name,
    version,
    signedAt: new Date(signedAt).toISOString(),
    ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt).toISOString() }),
  };
  const subject = [{ name: `${name}@${version}`, digest: { sha256: digest.replace(/^sha256:/, '') } }];
  return Buffer.from(JSON.stringify({ _type: statementType, subject, predicateType, predicate }));
}

function signatureOf(value: unknown): RawSignature {
  const { keyid, sig, cert } = recordOf(value) ?? {};
  if (keyid !== undefined && typeof keyid !== 'string') throw new Error('a keyid in it is no text');
  if (cert !== undefined && typeof cert !== 'string') throw new Error('a cert in it is no text');
  return { keyId: keyid, bytes: fromBase64(sig, 'a signature in it'), certificates: cert };
}

function statementOf(payload: Buffer): Statement {
  const statement = recordOf(jsonOf(payload, 'its payload'));
  if (statement?.['_type'] !== statementType) throw new Error(`its payload is no ${statementType}`);
  if (statement['predicateType'] !== predicateType) throw new Error(`its payload is not about a plugin`);
  const { name, version, signedAt, expiresAt } = recordOf(statement['predicate']) ?? {};
  if (typeof name !== 'string' || typeof version !== 'string') throw new Error('its payload names no plugin');
  const subjects = statement['subject'];
  if (!Array.isArray(subjects) || subjects.length !== 1) throw new Error('its payload is not about exactly one thing');
  const subject = recordOf(subjects[0]);
  const sha256 = recordOf(subject?.['digest'])?.['sha256'];
  if (subject?.['name'] !== `${name}@${version}`) throw new Error('its payload names two different plugins');
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) throw new Error('its payload has no sha256');
  return {
    name,
    version,
    digest: `sha256:${sha256}`,
    signedAt: momentOf(signedAt, 'signedAt'),
    expiresAt: expiresAt === undefined ? undefined : momentOf(expiresAt, 'expiresAt'),
  };
}

function momentOf(value: unknown, field: string): number {
  // Whatever else `Date` takes is taken differently elsewhere.
  const isTimestamp = typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/.test(value);
  const moment = isTimestamp ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(moment)) throw new Error(`its ${field} is no moment in UTC`);
  return moment;
}

function jsonOf(bytes: Uint8Array, what: string): unknown {
  try {
    return parseStrictJson(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    throw new Error(`${what} is no JSON: ${messageOf(error)}`, { cause: error });
  }
}

/** Node's decoder skips what is no base64: here only what encodes back to the same text is taken. */
function fromBase64(value: unknown, what: string): Buffer {
  if (typeof value === 'string' && value !== '') {
    const isUrlSafe = /[-_]/.test(value);
    const bytes = Buffer.from(value, isUrlSafe ? 'base64url' : 'base64');
    const back = bytes.toString(isUrlSafe ? 'base64url' : 'base64');
    if (back === value || (isUrlSafe && back === value.replace(/={1,2}$/, ''))) return bytes;
  }
  throw new Error(`${what} is no base64`);
}
