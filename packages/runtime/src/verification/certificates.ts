import { X509Certificate } from 'node:crypto';
import { messageOf } from '@hotswap/protocol';
import { isAccepted, keyIdOf } from './keys.ts';

const codeSigning = '1.3.6.1.5.5.7.3.3';
const maxChain = 5;

/** Object identifiers as they stand in a certificate: hashes that can be forged, and a constraint nobody checks here. */
const forgeable = ['06092a864886f70d010104', '06092a864886f70d010105', '06072a8648ce3d0401'].map(fromHex);
const nameConstraints = fromHex('0603551d1e');

/** A chain of certificates that was looked at. */
export interface CheckedChain {
  readonly leaf: X509Certificate;
  /** The trusted certificate that it ends at. */
  readonly anchor: X509Certificate;
  /** The keys of the whole chain, the signer's first: revoking one of them revokes what it vouched for. */
  readonly keyIds: readonly string[];
  /** Why it does not hold although it ends at a trusted certificate; undefined: it holds. */
  readonly problem: string | undefined;
}

/** Certificates of a PEM text, in its order. @throws Error that says what is wrong */
export function readCertificates(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Error('it holds no certificate');
  if (blocks.length > maxChain) throw new Error(`it holds more than ${maxChain} certificates`);
  return blocks.map((block) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw new Error(`a certificate cannot be read: ${messageOf(error)}`, { cause: error });
    }
  });
}

/**
 * Follows a chain from the signer's certificate to one that is trusted.
 *
 * @param moments when it must be valid: each of them
 * @returns undefined when it ends at nobody trusted
 */
export function checkChain(
  chain: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
  moments: readonly number[],
): CheckedChain | undefined {
  const [leaf] = chain;
  if (leaf === undefined) return undefined;
  const path: X509Certificate[] = [];
  for (const certificate of chain) {
    const previous = path.at(-1);
    // Others may lie about in between; only what really issued the one before is a step.
    if (previous !== undefined && !isIssuedBy(previous, certificate)) continue;
    path.push(certificate);
    const anchor = anchors.find(({ raw }) => raw.equals(certificate.raw)) ?? issuerAmong(certificate, anchors);
    if (anchor === undefined) continue;
    const whole = anchor.raw.equals(certificate.raw) ? path : [...path, anchor];
    const keyIds = whole.map(({ publicKey }) => keyIdOf(publicKey));
    return { leaf, anchor, keyIds, problem: problemOfChain(whole, moments) };
  }
  return undefined;
}

function issuerAmong(certificate: X509Certificate, anchors: readonly X509Certificate[]): X509Certificate | undefined {
  return anchors.find((anchor) => isIssuedBy(certificate, anchor));
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function problemOfChain(path: readonly X509Certificate[], moments: readonly number[]): string | undefined {
  const [leaf, ...issuers] = path;
  const problems = [
    leaf && problemOfLeaf(leaf),
    ...issuers.map(problemOfIssuer),
    ...path.map((certificate) => problemOfTime(certificate, moments)),
    // Who trusts a certificate itself does not need what it says about itself.
    ...path.slice(0, -1).map(problemOfForm),
  ];
  return problems.find((problem) => problem !== undefined);
}

function problemOfLeaf(leaf: X509Certificate): string | undefined {
  if (leaf.ca) return `${nameOf(leaf)} is an authority's, which may not sign code itself`;
  // Node types this as always there; a certificate without the extension has none.
  const usages: readonly string[] | undefined = leaf.keyUsage;
  if (usages === undefined || !usages.includes(codeSigning)) return `${nameOf(leaf)} is not meant for signing code`;
  return isAccepted(leaf.publicKey) ? undefined : `the key of ${nameOf(leaf)} is neither Ed25519 nor ECDSA P-256`;
}

function problemOfIssuer(issuer: X509Certificate): string | undefined {
  if (!issuer.ca) return `${nameOf(issuer)} is no authority's`;
  const usages: readonly string[] | undefined = issuer.keyUsage;
  if (usages !== undefined && !usages.includes(codeSigning)) return `${nameOf(issuer)} is not for signers of code`;
  if (issuer.raw.includes(nameConstraints)) return `${nameOf(issuer)} is limited to names, which is not supported`;
  const { modulusLength = Infinity } = issuer.publicKey.asymmetricKeyDetails ?? {};
  return modulusLength < 2_048 ? `the key of ${nameOf(issuer)} is shorter than 2048 bits` : undefined;
}

function problemOfTime(certificate: X509Certificate, moments: readonly number[]): string | undefined {
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  // A date that cannot be read compares as neither before nor after: such a certificate is not valid at any time.
  if (moments.every((moment) => from <= moment && moment <= to)) return undefined;
  return `${nameOf(certificate)} is valid from ${certificate.validFrom} to ${certificate.validTo} only`;
}

function problemOfForm(certificate: X509Certificate): string | undefined {
  const isForgeable = forgeable.some((oid) => certificate.raw.includes(oid));
  return isForgeable ? `${nameOf(certificate)} is signed with SHA-1 or MD5` : undefined;
}

function nameOf({ subject, fingerprint256 }: X509Certificate): string {
  const name = subject?.replaceAll('\n', ', ').slice(0, 120);
  return name === undefined || name === '' ? fingerprint256 : name;
}

function fromHex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}
