import { createPublicKey, type X509Certificate } from 'node:crypto';
import { checkChain, readCertificates } from './certificates.ts';
import { type Envelope, payloadType, preAuthEncoding, type RawSignature } from './envelope.ts';
import type { FoundSigner } from './judge.ts';
import { isSignedBy } from './keys.ts';
import type { Trust, TrustedSigner } from './trust.ts';

/**
 * The trusted signers whose signatures in an envelope are genuine. The key ids in it are not asked: every trusted key is
 * tried, so that a lie there changes nothing.
 */
export function findSigners(envelope: Envelope, trust: Trust, now: number): readonly FoundSigner[] {
  const data = preAuthEncoding(payloadType, envelope.payload);
  const keys = trust.signers.filter(({ type }) => type === 'key');
  const anchors = trust.signers
    .filter(({ type }) => type === 'certificate')
    .flatMap((signer) => readCertificates(signer.pem).map((certificate) => ({ signer, certificate })));
  const moments = [envelope.statement.signedAt, now];
  return envelope.signatures.flatMap((signature) => [
    ...keys.flatMap((signer) => byKey(signer, data, signature)),
    ...byCertificate(signature, data, { anchors, moments }),
  ]);
}

function byKey(signer: TrustedSigner, data: Buffer, { bytes }: RawSignature): readonly FoundSigner[] {
  const { name, keyId, plugins, pem } = signer;
  if (!isSignedBy(createPublicKey(pem), data, bytes)) return [];
  return [{ name, keyId, keyIds: [keyId], plugins, problem: undefined }];
}

function byCertificate(
  { certificates, bytes }: RawSignature,
  data: Buffer,
  {
    anchors,
    moments,
  }: {
    readonly anchors: readonly { readonly signer: TrustedSigner; readonly certificate: X509Certificate }[];
    readonly moments: readonly number[];
  },
): readonly FoundSigner[] {
  const chain = certificates === undefined ? [] : chainOf(certificates);
  const [leaf] = chain;
  // First the cheap question: a chain that nobody signed with is of no interest.
  if (leaf === undefined || !isSignedBy(leaf.publicKey, data, bytes)) return [];
  return anchors.flatMap(({ signer: { name, plugins }, certificate }) => {
    const checked = checkChain(chain, [certificate], moments);
    const [keyId] = checked?.keyIds ?? [];
    if (checked === undefined || keyId === undefined) return [];
    return [{ name, keyId, keyIds: checked.keyIds, plugins, problem: checked.problem }];
  });
}

/** What is no chain vouches for nobody. */
function chainOf(pem: string): readonly X509Certificate[] {
  try {
    return readCertificates(pem);
  } catch {
    return [];
  }
}
