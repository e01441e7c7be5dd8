import { messageOf } from '@hotswap/protocol';
import { locateSource } from '../../loading/plugin-source.ts';
import { contentOf, factsOf, readEvidence, signatureFileOf } from '../evidence.ts';
import { judge, type Refusal } from '../judge.ts';
import { lockProblemOf } from '../lock-file.ts';
import { readTrust } from '../trust-file.ts';
import { manifestOf } from './sign-plugin.ts';

/** One thing that was looked at, and how it is. */
export interface InspectedCheck {
  readonly check: 'signature' | 'checksum' | 'signer' | 'manifest' | 'time' | 'revocation' | 'lock';
  readonly isGood: boolean;
  readonly text: string;
}

/** Whether a host would let a plugin in, and why. */
export interface Inspection {
  readonly source: string;
  readonly plugin: string;
  readonly version: string;
  readonly digest: string;
  /** The file with the signature, whether it is there or not. */
  readonly signature: string | undefined;
  /** The signer that counts, as the host's operators call them. */
  readonly signer: string | undefined;
  readonly keyId: string | undefined;
  readonly checks: readonly InspectedCheck[];
  /** What loading would be refused with; undefined: it would not. */
  readonly refusal: { readonly code: string; readonly reason: string } | undefined;
}

/** Which check a refusal is the outcome of. What comes before it in the order has passed. */
const order: readonly InspectedCheck['check'][] = ['revocation', 'signature', 'checksum', 'manifest', 'signer', 'time'];
const checkOf: Readonly<Record<Refusal['code'], InspectedCheck['check']>> = {
  RELEASE_REVOKED: 'revocation',
  SIGNATURE_MISSING: 'signature',
  SIGNATURE_MALFORMED: 'signature',
  DIGEST_MISMATCH: 'checksum',
  SIGNATURE_OF_ANOTHER: 'manifest',
  SIGNER_REVOKED: 'signer',
  SIGNER_OUT_OF_SCOPE: 'signer',
  CERTIFICATE_REFUSED: 'signer',
  SIGNATURE_UNTRUSTED: 'signer',
  SIGNATURE_NOT_IN_FORCE: 'time',
};

/**
 * Looks at a plugin as the host of a data folder would before it loads it, and changes nothing.
 *
 * @throws SOURCE_NOT_FOUND, SOURCE_UNSUPPORTED, CONTENT_UNSIGNABLE, MANIFEST_INVALID, ARCHIVE_REFUSED, TRUST_UNREADABLE,
 * LOCK_UNREADABLE
 */
export async function inspectPlugin(
  source: string,
  { data, now }: { readonly data: string; readonly now: number },
): Promise<Inspection> {
  const located = await locateSource(source);
  const trust = await readTrust(data);
  const content = await contentOf(located);
  const evidence = await readEvidence(located);
  const signature = factsOf(evidence, trust, now);
  const manifest = content && (await manifestOf(located, content).catch((error: unknown) => messageOf(error)));
  const found = typeof manifest === 'object' ? manifest : undefined;
  const facts = { checksum: content?.digest, digest: undefined, manifest: found, signature };
  const verdict = judge(facts, { policy: 'required', revoked: trust.revoked, now });
  const refusal = verdict.outcome === 'refused' ? verdict.refusal : undefined;
  const checks = stepsTo(refusal, {
    checksum: content?.digest ?? '',
    signer: verdict.outcome === 'signed' ? `${verdict.signer.name} (${verdict.signer.keyId})` : '',
    manifest: found ? `${found.name} ${found.version}` : String(manifest),
  });
  const { name = '', version = '' } = found ?? {};
  const digest = content?.digest ?? '';
  const locked = verdict.outcome === 'signed' ? await lockProblemOf(data, { name, version, digest }) : undefined;
  const isLockAsked = verdict.outcome === 'signed';
  const lock: InspectedCheck = {
    check: 'lock',
    isGood: locked === undefined,
    text: locked ?? 'as this host has trusted it, or new to it',
  };
  return {
    source,
    plugin: name,
    version,
    digest,
    signature: signatureFileOf(located),
    signer: verdict.outcome === 'signed' ? verdict.signer.name : undefined,
    keyId: verdict.outcome === 'signed' ? verdict.signer.keyId : undefined,
    checks: isLockAsked ? [...checks, lock] : checks,
    refusal: refusal ?? (locked === undefined ? undefined : { code: 'DIGEST_MISMATCH', reason: locked }),
  };
}

/** The checks up to the one that failed, which is told with its reason; the ones behind it were not made. */
function stepsTo(
  refusal: Refusal | undefined,
  texts: { readonly checksum: string; readonly signer: string; readonly manifest: string },
): readonly InspectedCheck[] {
  const passed = {
    ...texts,
    revocation: 'not revoked on this host',
    signature: 'there is one, and it is well formed',
    time: 'it holds now',
    lock: '',
  };
  const failed = refusal && checkOf[refusal.code];
  const upTo = failed === undefined ? order : order.slice(0, order.indexOf(failed));
  const good = upTo.map((check) => ({ check, isGood: true, text: passed[check] }));
  return refusal && failed ? [...good, { check: failed, isGood: false, text: refusal.reason }] : good;
}
