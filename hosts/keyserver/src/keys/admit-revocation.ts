import { SignaturePacket } from 'openpgp';
import { messageOf } from '@hotswap/protocol';
import { fail } from '../errors.ts';
import { readPackets } from '../openpgp/packets.ts';
import type { Packet } from '../openpgp/packets.ts';
import { admitKey } from './admit-key.ts';
import type { Admission, AdmissionPorts } from './admit-key.ts';
import { keyIdOf } from './key.ts';

/**
 * Applies a bare revocation certificate to the key it names: the certificate is taken in as a key that has nothing
 * but this signature, so it is verified, checked and merged like any other add.
 *
 * @throws REVOCATION_WITHOUT_KEY when the key is not here; else as `admitKey`
 */
export async function admitRevocation(certificate: Packet, ports: AdmissionPorts): Promise<Admission> {
  const id = issuerOf(certificate);
  const found = await ports.store.find({ kind: 'id', id }, 10);
  const named = found.find(({ facts }) => keyIdOf(facts) === id);
  const primary = named && readPackets(named.data, Infinity)[0];
  if (!primary) throw fail('REVOCATION_WITHOUT_KEY', { keyId: id });
  return admitKey({ primary: { packet: primary, signatures: [certificate] }, users: [], subkeys: [] }, ports);
}

function issuerOf(certificate: Packet): string {
  const signature = new SignaturePacket();
  try {
    signature.read(certificate.body);
  } catch (error) {
    throw fail('KEY_MALFORMED', { problem: messageOf(error) }, { cause: error });
  }
  return signature.issuerKeyID.toHex().toUpperCase();
}
