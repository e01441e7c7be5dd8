import type { Envelope, Statement } from './envelope.ts';
import { isInScope, type Revocation } from './trust.ts';

/**
 * `required`: only what somebody trusted has signed. `optional`: unsigned code too. `off`: signatures are not looked at.
 * Whatever was revoked is refused by all three.
 */
export type SignaturePolicy = 'required' | 'optional' | 'off';

/** Somebody trusted, whose signature was found to be genuine. */
export interface FoundSigner {
  readonly name: string;
  /** Of the key that signed. */
  readonly keyId: string;
  /** That key, and those of the certificates above it. */
  readonly keyIds: readonly string[];
  /** What the signer may sign, as names and beginnings of names. */
  readonly plugins: readonly string[];
  /** Why the certificate does not hold; undefined for one that does, and for plain keys. */
  readonly problem: string | undefined;
}

/** What is known of the code at hand; nothing here is an opinion. */
export interface CodeFacts {
  /** Of its bytes; undefined for what has none, or where nobody asks. */
  readonly checksum: string | undefined;
  /** Of the artifact, as status names it; undefined while there is none. */
  readonly digest: string | undefined;
  /** What its manifest says; undefined while that has not been read. */
  readonly manifest: { readonly name: string; readonly version: string } | undefined;
  readonly signature: SignatureFacts | undefined;
}

/** What came with the code. */
export type SignatureFacts =
  | { readonly type: 'malformed'; readonly reason: string }
  | {
      readonly type: 'statement';
      readonly statement: Statement;
      /** Of those that are trusted; empty: nobody is. */
      readonly signers: readonly FoundSigner[];
      readonly signatureCount: number;
    };

/** What a host demands. */
export interface JudgeRules {
  readonly policy: SignaturePolicy;
  readonly revoked: readonly Revocation[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Why code is not loaded. */
export interface Refusal {
  readonly code:
    | 'SIGNATURE_MISSING'
    | 'SIGNATURE_MALFORMED'
    | 'SIGNATURE_UNTRUSTED'
    | 'SIGNATURE_OF_ANOTHER'
    | 'SIGNATURE_NOT_IN_FORCE'
    | 'DIGEST_MISMATCH'
    | 'SIGNER_OUT_OF_SCOPE'
    | 'SIGNER_REVOKED'
    | 'RELEASE_REVOKED'
    | 'CERTIFICATE_REFUSED';
  readonly reason: string;
}

/** What becomes of the code. */
export type Verdict =
  | { readonly outcome: 'signed'; readonly signer: FoundSigner; readonly statement: Statement }
  /** `ignored`: why the signature that there is does not count. */
  | { readonly outcome: 'unsigned'; readonly ignored: Refusal | undefined }
  | { readonly outcome: 'refused'; readonly refusal: Refusal };

/** On whose word an artifact was made: what status shows, and what is judged again when trust changes. */
export interface Verification {
  /** `host`: the host's own program brought the code, as its operator. `operator`: unsigned code is allowed. */
  readonly vouchedBy: 'signature' | 'operator' | 'host';
  readonly checksum: string | undefined;
  /** Present if and only if a signature vouches for it. */
  readonly signer: SignerOfPlugin | undefined;
  readonly envelope: Envelope | undefined;
  /** When it was judged, in milliseconds since the epoch. What expires later goes on running. */
  readonly verifiedAt: number;
}

/** Who signed a plugin, as status shows it. */
export interface SignerOfPlugin {
  /** What this host's operators call them. */
  readonly name: string;
  readonly keyId: string;
  readonly signedAt: number;
  readonly expiresAt: number | undefined;
}

/** How far a signer's clock may be ahead of this one. */
export const clockSkewMs = 300_000;

const alwaysRefused: readonly Refusal['code'][] = ['SIGNER_REVOKED', 'RELEASE_REVOKED'];

/** Whether code may be loaded, and on whose word. Pure: the same facts give the same verdict. */
export function judge(facts: CodeFacts, rules: JudgeRules): Verdict {
  const { policy, revoked } = rules;
  const recalled = revoked.find(({ type, id }) => type === 'digest' && [facts.checksum, facts.digest].includes(id));
  if (recalled)
    return refused('RELEASE_REVOKED', `${recalled.id} was revoked (${recalled.reason || 'no reason given'})`);
  if (policy === 'off') return { outcome: 'unsigned', ignored: undefined };
  const verdict = judgeSignature(facts, rules);
  if (policy === 'required' || verdict.outcome !== 'refused') return verdict;
  if (alwaysRefused.includes(verdict.refusal.code)) return verdict;
  return { outcome: 'unsigned', ignored: facts.signature && verdict.refusal };
}

/** In the order in which the steps mean something: bytes, what was said of them, who said it, when. */
function judgeSignature({ checksum, manifest, signature }: CodeFacts, rules: JudgeRules): Verdict {
  if (signature === undefined) return refused('SIGNATURE_MISSING', 'there is none');
  if (signature.type === 'malformed') return refused('SIGNATURE_MALFORMED', signature.reason);
  const { statement } = signature;
  if (checksum !== statement.digest) {
    const reason = `its signature is for ${statement.digest}, but what is there has ${checksum}`;
    return refused('DIGEST_MISMATCH', `${reason}; get it again from where it was signed`);
  }
  if (manifest && (manifest.name !== statement.name || manifest.version !== statement.version)) {
    const [signed, found] = [statement, manifest].map(({ name, version }) => `${name}@${version}`);
    return refused('SIGNATURE_OF_ANOTHER', `it is for ${signed}, but the manifest says ${found}`);
  }
  const signer = chooseSigner(signature, rules.revoked);
  if ('code' in signer) return { outcome: 'refused', refusal: signer };
  const late = problemOfTime(statement, rules.now);
  return late === undefined ? { outcome: 'signed', signer, statement } : refused('SIGNATURE_NOT_IN_FORCE', late);
}

/** One trusted signer is enough. Where there is none, the gravest reason is told. */
function chooseSigner(
  { signers, statement, signatureCount }: Extract<SignatureFacts, { readonly type: 'statement' }>,
  revoked: readonly Revocation[],
): FoundSigner | Refusal {
  const revocationOf = ({ keyIds }: FoundSigner): Revocation | undefined =>
    revoked.find(({ type, id }) => type === 'key' && keyIds.includes(id));
  const isAllowed = (signer: FoundSigner): boolean => isInScope(signer, statement.name);
  const good = signers.find(
    (signer) => revocationOf(signer) === undefined && signer.problem === undefined && isAllowed(signer),
  );
  if (good) return good;
  for (const signer of signers) {
    const revocation = revocationOf(signer);
    if (revocation === undefined) continue;
    const why = revocation.reason || 'no reason given';
    return { code: 'SIGNER_REVOKED', reason: `${revocation.id} of ${signer.name} (${why})` };
  }
  const failing = signers.find(({ problem }) => problem !== undefined);
  if (failing?.problem !== undefined) return { code: 'CERTIFICATE_REFUSED', reason: failing.problem };
  const [other] = signers;
  if (other) {
    const reason = `${other.name} may sign ${other.plugins.join(', ')}, not ${statement.name}`;
    return { code: 'SIGNER_OUT_OF_SCOPE', reason };
  }
  const reason =
    signatureCount === 1
      ? 'its signature is by no key that is trusted here, or is not genuine'
      : `none of its ${signatureCount} signatures is genuine and by a key that is trusted here`;
  return { code: 'SIGNATURE_UNTRUSTED', reason };
}

function problemOfTime({ signedAt, expiresAt }: Statement, now: number): string | undefined {
  if (signedAt > now + clockSkewMs) return `it was made in the future, at ${new Date(signedAt).toISOString()}`;
  if (expiresAt !== undefined && expiresAt <= now) return `it expired at ${new Date(expiresAt).toISOString()}`;
  return undefined;
}

function refused(code: Refusal['code'], reason: string): Verdict {
  return { outcome: 'refused', refusal: { code, reason } };
}
