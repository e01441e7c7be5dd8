import { webcrypto } from 'node:crypto';

/** A certificate made for one start, with its key; both in PEM, and the certificate in DER. */
export interface Identity {
  readonly certificate: string;
  readonly privateKey: string;
  readonly der: Buffer;
}

const minuteMs = 60_000;
const yearMs = 365 * 24 * 60 * minuteMs;

/**
 * Makes a certificate that signs itself, for `localhost`, as go-plugin makes them: fit for either end of a connection.
 * P-256, which every TLS library has.
 */
export async function makeIdentity(): Promise<Identity> {
  // Loaded with the first certificate: most hosts never make one.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(webcrypto as Crypto);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const { KeyUsageFlags: usage, ExtendedKeyUsage: extended } = x509;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=localhost, O=HotSwap',
    notBefore: new Date(Date.now() - minuteMs),
    notAfter: new Date(Date.now() + yearMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.ExtendedKeyUsageExtension([extended.clientAuth, extended.serverAuth]),
      new x509.KeyUsagesExtension(usage.digitalSignature | usage.keyAgreement | usage.keyCertSign, true),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }]),
    ],
  });
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificate: `${certificate.toString('pem')}\n`,
    privateKey: toPem('PRIVATE KEY', Buffer.from(key)),
    der: Buffer.from(certificate.rawData),
  };
}

/** Bytes as a block of PEM. */
export function toPem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
