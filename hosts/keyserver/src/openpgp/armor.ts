import { armor, enums } from 'openpgp';
import { fail } from '../errors.ts';

const begin = /^-----BEGIN PGP ([A-Z0-9 ,/]+)-----[ \t]*\r?$/gm;
const base64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * Reads every armored block of a text: several keys may be sent as several blocks, one after the other.
 *
 * @returns the binary data of each block, in order
 * @throws ARMOR_INVALID when there is no block, or one is broken
 * @throws KEY_SECRET when a block says that it holds a private key
 */
export function readArmors(text: string): readonly Uint8Array[] {
  const blocks = [...text.matchAll(begin)].map((match) =>
    readBlock(text, match[1] ?? '', match.index + match[0].length),
  );
  if (blocks.length === 0) throw invalid('it has no line "-----BEGIN PGP PUBLIC KEY BLOCK-----"');
  return blocks;
}

/** Writes binary key data as one armored block. Keys of version 6 must have no checksum, older readers need one. */
export function writeArmor(data: Uint8Array, options: { readonly hasChecksum: boolean }): string {
  return armor(enums.armor.publicKey, data, undefined, undefined, undefined, options.hasChecksum);
}

function readBlock(text: string, type: string, from: number): Uint8Array {
  if (type === 'PRIVATE KEY BLOCK' || type === 'SECRET KEY BLOCK') throw fail('KEY_SECRET');
  // gpg writes revocation certificates as key blocks, other programs as signatures.
  if (type !== 'PUBLIC KEY BLOCK' && type !== 'SIGNATURE') throw invalid(`it holds a ${type.toLowerCase()}`);
  const end = text.indexOf(`-----END PGP ${type}-----`, from);
  if (end < 0) throw invalid('its last line is missing');
  return decodeBody(withoutHeaders(text.slice(from, end).split(/\r?\n/)));
}

/** Headers end with an empty line; some senders leave both out. */
function withoutHeaders(lines: readonly string[]): readonly string[] {
  const trimmed = lines.map((line) => line.trim()).slice(1);
  const blank = trimmed.indexOf('');
  const hasHeaders = trimmed.slice(0, Math.max(blank, 0)).every((line) => line.includes(': '));
  return blank >= 0 && hasHeaders ? trimmed.slice(blank + 1) : trimmed;
}

/** The checksum after `=` is not looked at: RFC 9580 says so, and signatures protect better. */
function decodeBody(lines: readonly string[]): Uint8Array {
  const body = lines.filter((line) => !/^=[A-Za-z0-9+/]{4}$/.test(line)).join('');
  if (!base64.test(body)) throw invalid('its body is not base64');
  return Buffer.from(body, 'base64');
}

function invalid(problem: string): Error {
  return fail('ARMOR_INVALID', { problem });
}
