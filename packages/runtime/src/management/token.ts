import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../errors.ts';

/** The bearer token of one runtime. Only its digest is kept, so it can be shown once and never again. */
export interface ManagementToken {
  /** The token itself, only when it was made just now. */
  readonly token?: string;
  /** Compares in constant time. */
  verify(presented: string): boolean;
}

const fileName = 'management-token';
const shortestToken = 16;

/**
 * The token for management: `HOTSWAP_TOKEN` where it is set, else the one of the data folder, made at first start.
 *
 * @param dataFolder made if missing; the digest is kept there, readable by the owner alone
 * @throws MANAGEMENT_TOKEN_INVALID when the variable is too short or the file holds something else
 */
export async function ensureToken(
  dataFolder: string,
  environment: Readonly<Record<string, string | undefined>> = {},
): Promise<ManagementToken> {
  const given = environment['HOTSWAP_TOKEN'];
  if (given !== undefined && given !== '') return tokenFromEnvironment(given);
  const file = join(dataFolder, fileName);
  const token = randomBytes(32).toString('base64url');
  if (await createFile(dataFolder, file, `${digestOf(token)}\n`)) {
    return { token, verify: verifierOf(digestOf(token)) };
  }
  return { verify: verifierOf(await readDigest(file)) };
}

function tokenFromEnvironment(given: string): ManagementToken {
  if (given.length < shortestToken) {
    throw fail('MANAGEMENT_TOKEN_INVALID', {
      name: 'HOTSWAP_TOKEN',
      reason: `it has fewer than ${shortestToken} characters; take a longer one`,
    });
  }
  return { verify: verifierOf(digestOf(given)) };
}

/** Two starts at once must agree on one token: a hard link appears whole, and only for the first. */
async function createFile(folder: string, file: string, text: string): Promise<boolean> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (isExisting(error)) return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function readDigest(file: string): Promise<string> {
  await chmod(file, 0o600);
  const digest = (await readFile(file, 'utf8')).trim();
  if (/^sha256:[\da-f]{64}$/.test(digest)) return digest;
  throw fail('MANAGEMENT_TOKEN_INVALID', {
    name: file,
    reason: 'it holds no SHA-256 digest; delete it and start again for a new token',
  });
}

function verifierOf(expected: string): (presented: string) => boolean {
  const expectedBytes = Buffer.from(expected);
  // Digests have one length, and which byte of them differs says nothing about the token.
  return (presented) => timingSafeEqual(Buffer.from(digestOf(presented)), expectedBytes);
}

function digestOf(token: string): string {
  return `sha256:${createHash('sha256').update(token).digest('hex')}`;
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}
