import { relative, resolve } from 'node:path';
import { parseDuration } from '@hotswap/protocol';
import type { SignedPlugin } from '@hotswap/runtime';
import { fail } from '../../errors.ts';
import type { Call } from '../../verb.ts';
import { readTextFile } from './files.ts';

/** The flags of every command that signs. */
export interface SigningFlags {
  readonly key?: string;
  readonly cert?: string;
  readonly expires?: string;
  readonly add?: boolean;
}

export const certOption = ['--cert <file>', "the key's certificate, then those above it, as PEM"] as const;
export const expiresOption = [
  '--expires <when>',
  'a day (2027-01-31) or a duration (90d) after which it is not loaded; default never',
] as const;

/**
 * Signs a plugin with what the flags of a command say. The passphrase of an encrypted key is `HOTSWAP_KEY_PASSPHRASE`.
 *
 * @throws FILE_UNREADABLE, USAGE_INVALID, and what `signPlugin` throws
 */
export async function signAsTold(call: Call<SigningFlags>, source: string, keyFile: string): Promise<SignedPlugin> {
  const { options, terminal } = call;
  const passphrase = terminal.env['HOTSWAP_KEY_PASSPHRASE'];
  const key = await readTextFile(call, keyFile);
  const certificates = options.cert === undefined ? undefined : await readTextFile(call, options.cert);
  const { signPlugin } = await import('@hotswap/runtime');
  const now = terminal.now();
  const expiresAt = options.expires === undefined ? undefined : momentOf(call, options.expires, now);
  const signed = await signPlugin(resolve(terminal.cwd, source), {
    key,
    now,
    isAdded: options.add === true,
    ...(passphrase !== undefined && { passphrase }),
    ...(certificates !== undefined && { certificates }),
    ...(expiresAt !== undefined && { expiresAt }),
  });
  return { ...signed, file: relative(terminal.cwd, signed.file) };
}

/** @throws USAGE_INVALID */
function momentOf({ command }: Call<object>, text: string, now: number): number {
  const day = /^\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
  const moment = Number.isNaN(day) ? now + durationOf(text) : day;
  if (moment > now) return moment;
  throw fail('USAGE_INVALID', {
    problem: `--expires takes a day to come or a duration, not "${text}"`,
    help: `${command} --help`,
  });
}

function durationOf(text: string): number {
  const days = /^(\d{1,5})d$/.exec(text)?.[1];
  if (days !== undefined) return Number(days) * 86_400_000;
  try {
    return parseDuration(text);
  } catch {
    return Number.NaN; // the caller says what it takes
  }
}
