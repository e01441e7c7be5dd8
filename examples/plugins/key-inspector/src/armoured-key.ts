import { z } from 'zod';

const begin = '-----BEGIN PGP PUBLIC KEY BLOCK-----';
const end = '-----END PGP PUBLIC KEY BLOCK-----';

/** A body that may be an armoured public key; whether it is one, reading it will tell. */
export const armouredKey = z
  .string()
  .trim()
  .min(1, 'the body is empty: post an armoured public key')
  .refine((text) => !text.includes('PRIVATE KEY BLOCK'), 'this is a private key: it was not read, and belongs nowhere')
  .refine((text) => text.startsWith(begin), `the body must start with ${begin}`)
  .refine((text) => text.endsWith(end), `the body must end with ${end}`);
