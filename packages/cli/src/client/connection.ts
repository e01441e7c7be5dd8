import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { operatorTokenFile } from '@hotswap/server/operator-token';
import { fail } from '../errors.ts';
import type { Terminal } from '../terminal.ts';

/** Where a server answers, and what proves that we may ask it. */
export interface Connection {
  /** Without a trailing slash. */
  readonly url: string;
  readonly token: string | undefined;
}

/** The flags every command that talks to a server has. */
export interface ConnectionOptions {
  readonly url?: string;
  readonly token?: string;
  readonly data?: string;
}

const defaultUrl = 'http://127.0.0.1:8080';
const loopback = new Set(['127.0.0.1', '[::1]', 'localhost']);

/**
 * Finds server and token: the flag first, then the environment, then the data folder's token file.
 * The file's token is only sent to this machine, so that a foreign `--url` never learns it.
 *
 * @throws URL_INVALID
 */
export async function findConnection(
  options: ConnectionOptions,
  terminal: Pick<Terminal, 'env' | 'cwd'>,
): Promise<Connection> {
  const address = parseUrl(options.url ?? terminal.env['HOTSWAP_URL'] ?? defaultUrl);
  const given = options.token ?? terminal.env['HOTSWAP_TOKEN'];
  const url = address.href.replace(/\/+$/, '');
  if (given) return { url, token: given };
  if (!loopback.has(address.hostname)) return { url, token: undefined };
  const data = options.data ?? terminal.env['HOTSWAP_SERVER_DATA'] ?? '.hotswap';
  return { url, token: await readTokenFile(operatorTokenFile(resolve(terminal.cwd, data))) };
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  throw fail('URL_INVALID', { url: text });
}

/** A missing or unreadable file means no token; the server then says whether it needs one. */
async function readTokenFile(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trim() || undefined;
}
