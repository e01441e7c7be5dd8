import { expect, test } from 'vitest';
import type { Statement } from './envelope.ts';
import { clockSkewMs, type CodeFacts, type FoundSigner, judge, type JudgeRules, type SignatureFacts } from './judge.ts';

const now = Date.parse('2026-06-01T00:00:00Z');
const [checksum, other, keyId, caId] = ['a', 'b', 'c', 'd'].map((digit) => `sha256:${digit.repeat(64)}`) as [
  string,
  string,
  string,
  string,
];
const statement: Statement = {
  name: 'greeter',
  version: '1.0.0',
  digest: checksum,
  signedAt: now - 1_000,
  expiresAt: undefined,
};
const signer: FoundSigner = { name: 'release', keyId, keyIds: [keyId], plugins: ['*'], problem: undefined };
const revokedKey = (id: string) => ({ id, type: 'key', reason: 'leaked', revokedAt: now }) as const;
const revokedDigest = (id: string) => ({ id, type: 'digest', reason: '', revokedAt: now }) as const;

function facts(more: Partial<CodeFacts> = {}): CodeFacts {
  return {
    checksum,
    digest: other,
    manifest: { name: 'greeter', version: '1.0.0' },
    signature: signature(),
    ...more,
  };
}

function signature(
  more: Partial<Extract<SignatureFacts, { readonly type: 'statement' }>> = {},
  said: Partial<Statement> = {},
): SignatureFacts {
  return { type: 'statement', statement: { ...statement, ...said }, signers: [signer], signatureCount: 1, ...more };
}

function outcome(given: CodeFacts, rules: Partial<JudgeRules> = {}): string {
  const verdict = judge(given, { policy: 'required', revoked: [], now, ...rules });
  return verdict.outcome === 'refused' ? verdict.refusal.code : verdict.outcome;
}

test.each<[string, CodeFacts, string]>([
  ['is signed by somebody trusted', facts(), 'signed'],
  ['has a manifest that nobody has read yet', facts({ manifest: undefined, digest: undefined }), 'signed'],
  ['has no signature', facts({ signature: undefined }), 'SIGNATURE_MISSING'],
  ['has garbage for a signature', facts({ signature: { type: 'malformed', reason: 'x' } }), 'SIGNATURE_MALFORMED'],
  ['has other bytes than were signed', facts({ checksum: other }), 'DIGEST_MISMATCH'],
  ['has no bytes that could have been signed', facts({ checksum: undefined }), 'DIGEST_MISMATCH'],
  [
    'is signed over the digest of the artifact instead',
    facts({ checksum: other, digest: checksum }),
    'DIGEST_MISMATCH',
  ],
  [
    'carries the signature of another plugin',
    facts({ manifest: { name: 'evil', version: '1.0.0' } }),
    'SIGNATURE_OF_ANOTHER',
  ],
  [
    'carries the signature of another version',
    facts({ manifest: { name: 'greeter', version: '0.9.0' } }),
    'SIGNATURE_OF_ANOTHER',
  ],
  ['is signed by nobody trusted', facts({ signature: signature({ signers: [] }) }), 'SIGNATURE_UNTRUSTED'],
  [
    'is signed by somebody trusted for others',
    facts({ signature: signature({ signers: [{ ...signer, plugins: ['payments-*', 'greet'] }] }) }),
    'SIGNER_OUT_OF_SCOPE',
  ],
  [
    'is signed with a certificate that does not hold',
    facts({ signature: signature({ signers: [{ ...signer, problem: 'expired' }] }) }),
    'CERTIFICATE_REFUSED',
  ],
  [
    'is signed by two, of whom one is trusted for it',
    facts({
      signature: signature({
        signers: [
          { ...signer, problem: 'expired' },
          { ...signer, plugins: ['greet*'] },
        ],
      }),
    }),
    'signed',
  ],
  ['expired', facts({ signature: signature({}, { expiresAt: now }) }), 'SIGNATURE_NOT_IN_FORCE'],
  ['expires later', facts({ signature: signature({}, { expiresAt: now + 1 }) }), 'signed'],
  [
    'was signed in the future',
    facts({ signature: signature({}, { signedAt: now + clockSkewMs + 1 }) }),
    'SIGNATURE_NOT_IN_FORCE',
  ],
  [
    'was signed by a clock that is a little fast',
    facts({ signature: signature({}, { signedAt: now + clockSkewMs }) }),
    'signed',
  ],
])('what %s', (_, given, expected) => {
  expect(outcome(given)).toBe(expected);
});

test('a revoked key counts for nothing, and another signature beside it still counts', () => {
  const revoked = [revokedKey(keyId)];
  expect(outcome(facts(), { revoked })).toBe('SIGNER_REVOKED');
  const second = { ...signer, name: 'second', keyId: other, keyIds: [other] };
  expect(outcome(facts({ signature: signature({ signers: [signer, second] }) }), { revoked })).toBe('signed');
});

test('revoking an authority revokes what it has issued', () => {
  const issued = facts({ signature: signature({ signers: [{ ...signer, keyIds: [keyId, caId] }] }) });
  expect(outcome(issued, { revoked: [revokedKey(caId)] })).toBe('SIGNER_REVOKED');
});

test.each(['required', 'optional', 'off'] as const)(
  'a revoked release is refused where signatures are %s',
  (policy) => {
    expect(outcome(facts(), { policy, revoked: [revokedDigest(checksum)] })).toBe('RELEASE_REVOKED');
    expect(outcome(facts(), { policy, revoked: [revokedDigest(other)] })).toBe('RELEASE_REVOKED');
  },
);

test('where unsigned code is allowed a signature that does not count is told, and a revoked one is refused', () => {
  const policy = 'optional';
  expect(outcome(facts({ signature: undefined }), { policy })).toBe('unsigned');
  expect(judge(facts({ checksum: other }), { policy, revoked: [], now })).toMatchObject({
    outcome: 'unsigned',
    ignored: { code: 'DIGEST_MISMATCH' },
  });
  expect(outcome(facts(), { policy })).toBe('signed');
  expect(outcome(facts(), { policy, revoked: [revokedKey(keyId)] })).toBe('SIGNER_REVOKED');
  expect(outcome(facts(), { policy: 'off' })).toBe('unsigned');
});

test('no facts but the right ones give a signed plugin', () => {
  const wrongs: readonly Partial<CodeFacts>[] = [
    { signature: undefined },
    { checksum: other },
    { manifest: { name: 'evil', version: '1.0.0' } },
    { signature: signature({ signers: [] }) },
    { signature: signature({}, { expiresAt: now - 1 }) },
    { signature: signature({ signers: [{ ...signer, plugins: [] }] }) },
  ];
  // Each alone and each with every other: two wrongs make no right.
  for (const one of wrongs) for (const two of wrongs) expect(outcome(facts({ ...one, ...two }))).not.toBe('signed');
});
