import { createPublicKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  formatEnvelope,
  formatStatement,
  maxEnvelopeBytes,
  parseEnvelope,
  payloadType,
  preAuthEncoding,
  predicateType,
  statementType,
} from './envelope.ts';
import { isSignedBy } from './keys.ts';

const signedAt = Date.parse('2026-06-01T12:00:00.000Z');
const digest = `sha256:${'a'.repeat(64)}`;
const statement = { name: 'greeter', version: '1.0.0', digest, signedAt, expiresAt: undefined };
const signature = { keyId: undefined, bytes: Buffer.from('signature'), certificates: undefined };
const wellFormed = formatEnvelope(formatStatement(statement), [signature]);

interface PlainEnvelope {
  payloadType: string;
  payload: string;
  signatures: Record<string, unknown>[];
}

test('the bytes that are signed are those of the specification', () => {
  expect(preAuthEncoding('http://example.com/HelloWorld', Buffer.from('hello world')).toString()).toBe(
    'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
  );
  expect(preAuthEncoding('té', Buffer.from('ü')).toString()).toBe('DSSEv1 3 té 2 ü');
});

test('the signature of the test vector in the specification is genuine', () => {
  const pem = createPublicKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: 'P-256',
      x: Buffer.from(
        BigInt('46950820868899156662930047687818585632848591499744589407958293238635476079160')
          .toString(16)
          .padStart(64, '0'),
        'hex',
      ).toString('base64url'),
      y: Buffer.from(
        BigInt('5640078356564379163099075877009565129882514886557779369047442380624545832820')
          .toString(16)
          .padStart(64, '0'),
        'hex',
      ).toString('base64url'),
    },
  });
  const raw = Buffer.from(
    'A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==',
    'base64',
  );
  const signed = preAuthEncoding('http://example.com/HelloWorld', Buffer.from('hello world'));
  expect(isSignedBy(pem, signed, derOf(raw))).toBe(true);
  expect(isSignedBy(pem, Buffer.concat([signed, Buffer.from('!')]), derOf(raw))).toBe(false);
});

test('what was written is read back', () => {
  expect(parseEnvelope(Buffer.from(wellFormed)).statement).toEqual(statement);
  const expiring = { ...statement, expiresAt: signedAt + 1_000 };
  expect(parseEnvelope(Buffer.from(formatEnvelope(formatStatement(expiring), [signature]))).statement).toEqual(
    expiring,
  );
});

describe('an envelope is refused that', () => {
  test.each<[string, (envelope: PlainEnvelope) => unknown, RegExp]>([
    ['is of another payload type', (e) => ({ ...e, payloadType: 'application/json' }), /payloadType/],
    ['has a payload type in other letters', (e) => ({ ...e, payloadType: payloadType.toUpperCase() }), /payloadType/],
    ['has no payload type', ({ payload, signatures }) => ({ payload, signatures }), /payloadType/],
    ['has no signature', (e) => ({ ...e, signatures: [] }), /no signature/],
    ['has no list of signatures', (e) => ({ ...e, signatures: {} }), /no signature/],
    [
      'has a thousand signatures',
      (e) => ({ ...e, signatures: Array.from({ length: 1_000 }, () => e.signatures[0]) }),
      /more than 16/,
    ],
    ['has a signature that is no base64', (e) => ({ ...e, signatures: [{ sig: 'a*b=' }] }), /base64/],
    ['has an empty signature', (e) => ({ ...e, signatures: [{ sig: '' }] }), /base64/],
    ['has a signature with bits left over', (e) => ({ ...e, signatures: [{ sig: 'QR==' }] }), /base64/],
    [
      'has a payload with line breaks',
      (e) => ({ ...e, payload: `${e.payload.slice(0, 8)}\n${e.payload.slice(8)}` }),
      /base64/,
    ],
    ['has a key id that is a number', (e) => ({ ...e, signatures: [{ sig: 'QQ==', keyid: 1 }] }), /keyid/],
    ['is a list', (e) => [e], /no envelope/],
    ['is null', () => null, /no envelope/],
  ])('%s', (_, change, reason) => {
    const envelope: PlainEnvelope = JSON.parse(wellFormed);
    expect(() => parseEnvelope(Buffer.from(JSON.stringify(change(envelope))))).toThrow(reason);
  });

  test.each<[string, string, RegExp]>([
    ['is cut off', wellFormed.slice(0, -20), /no JSON/],
    ['goes on after its end', `${wellFormed}garbage`, /no JSON/],
    ['has a second envelope behind it', wellFormed + wellFormed, /no JSON/],
    ['is empty', '', /no JSON/],
    ['begins with a byte order mark', `\uFEFF${wellFormed}`, /no JSON/],
    ['is huge', `${wellFormed}${' '.repeat(maxEnvelopeBytes)}`, /more than/],
    ['names its payload type twice', wellFormed.replace('{', `{"payloadType":"application/json",`), /twice/],
    [
      'names it twice, once in other characters and with space behind',
      wellFormed.replace('{', `{"payload\\u0054ype"${' '.repeat(500)}:"x",`),
      /twice/,
    ],
    ['nests without end', '['.repeat(1_000) + ']'.repeat(1_000), /deeper/],
  ])('%s', (_, text, reason) => {
    expect(() => parseEnvelope(Buffer.from(text))).toThrow(reason);
  });

  test('is not even text', () => {
    expect(() => parseEnvelope(Buffer.from([0xff, 0xfe, 0x00]))).toThrow(/no JSON/);
  });
});

describe('a statement is refused that', () => {
  const plain = {
    _type: statementType,
    subject: [{ name: 'greeter@1.0.0', digest: { sha256: 'a'.repeat(64) } }],
    predicateType,
    predicate: { name: 'greeter', version: '1.0.0', signedAt: '2026-06-01T12:00:00Z' },
  };
  test.each<[string, unknown, RegExp]>([
    ['is of another type', { ...plain, _type: 'https://in-toto.io/Statement/v0.1' }, /is no/],
    [
      'is about something else, signed by the same key',
      { ...plain, predicateType: 'https://slsa.dev/provenance/v1' },
      /not about a plugin/,
    ],
    ['is about two things', { ...plain, subject: [...plain.subject, ...plain.subject] }, /exactly one/],
    ['is about nothing', { ...plain, subject: [] }, /exactly one/],
    [
      'names one plugin in its subject and another in its predicate',
      { ...plain, predicate: { ...plain.predicate, name: 'evil' } },
      /two different/,
    ],
    ['has a weaker digest alone', { ...plain, subject: [{ name: 'greeter@1.0.0', digest: { md5: 'a' } }] }, /sha256/],
    [
      'has a digest in capitals',
      { ...plain, subject: [{ name: 'greeter@1.0.0', digest: { sha256: 'A'.repeat(64) } }] },
      /sha256/,
    ],
    ['has a local time', { ...plain, predicate: { ...plain.predicate, signedAt: '2026-06-01T12:00:00' } }, /signedAt/],
    [
      'has an expiry that is a number',
      { ...plain, predicate: { ...plain.predicate, expiresAt: 99_999_999_999_999 } },
      /expiresAt/,
    ],
  ])('%s', (_, content, reason) => {
    const text = formatEnvelope(Buffer.from(JSON.stringify(content)), [signature]);
    expect(() => parseEnvelope(Buffer.from(text))).toThrow(reason);
  });

  test('has a key twice', () => {
    const payload = Buffer.from(JSON.stringify(plain).replace('"predicate":{', '"predicate":{"name":"evil",'));
    expect(() => parseEnvelope(Buffer.from(formatEnvelope(payload, [signature])))).toThrow(/twice/);
  });
});

/** An ECDSA signature of two numbers side by side, as the specification prints it, in DER. */
function derOf(raw: Buffer): Buffer {
  const numbers = [raw.subarray(0, 32), raw.subarray(32)].map((number) => {
    const first = number.findIndex((byte) => byte !== 0);
    const bytes =
      (number[first] ?? 0) > 127 ? Buffer.concat([Buffer.of(0), number.subarray(first)]) : number.subarray(first);
    return Buffer.concat([Buffer.of(2, bytes.length), bytes]);
  });
  const body = Buffer.concat(numbers);
  return Buffer.concat([Buffer.of(0x30, body.length), body]);
}
