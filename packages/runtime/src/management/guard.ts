// Who may use management. The decision is `judge`, over plain facts; the rest gathers the facts and acts on it.
import type { CodedError } from '@hotswap/protocol';
import type { MaybePromise } from '@hotswap/sdk';
import { isIPv4 } from 'node:net';
import { fail } from '../errors.ts';

/** What a caller must be allowed to do for one endpoint. */
export type Permission =
  | 'plugin:read'
  | 'plugin:load'
  | 'plugin:unload'
  | 'plugin:reload'
  | 'plugin:rollback'
  | 'plugin:promote'
  | 'plugin:restart'
  | 'plugin:enable'
  | 'plugin:disable'
  | 'plugin:config'
  | 'plugin:doctor';

/** Yes, no, or yes together with the name under which the change is kept in history. */
export type Authorization = boolean | { readonly actor: string };

export interface GuardOptions {
  /**
   * Decides about every request to a guarded endpoint that brings no valid token. A throw or `false` refuses it.
   * Without it, and without a token, only GET from this machine is answered.
   */
  readonly authorize?: (request: Request, permission: Permission) => MaybePromise<Authorization>;
  /** Whether a bearer token is the right one; takes the same time for every wrong one. */
  readonly verifyToken?: (presented: string) => boolean;
  /** Origins whose pages may call, such as `https://admin.example.com`. Default none. */
  readonly allowedOrigins?: readonly string[];
  /** Names this listener is reached by, beside loopback and its own address; `name` or `name:port`. */
  readonly allowedHosts?: readonly string[];
}

/** The two ends of the connection, where the host knows them. */
export interface Client {
  readonly address: string;
  readonly localAddress?: string;
}

/** What `judge` decides over. */
export interface CallerFacts {
  readonly isChange: boolean;
  readonly isHostKnown: boolean;
  readonly isOriginForeign: boolean;
  readonly isLocal: boolean;
  readonly token: 'absent' | 'valid' | 'wrong';
  /** What the operator set up to let callers in. */
  readonly hasAuthorize: boolean;
  readonly hasToken: boolean;
}

export type Verdict =
  | 'allow'
  | 'ask'
  | 'MANAGEMENT_HOST_REFUSED'
  | 'MANAGEMENT_ORIGIN_REFUSED'
  | 'MANAGEMENT_UNAUTHENTICATED'
  | 'MANAGEMENT_CLOSED';

/** Decides about one request to a guarded endpoint; `ask` leaves it to the host's `authorize`. */
export function judge(caller: CallerFacts): Verdict {
  // Before any credential: a page in the operator's browser, or a name rebound to this machine, borrows them.
  if (!caller.isHostKnown) return 'MANAGEMENT_HOST_REFUSED';
  if (caller.isOriginForeign) return 'MANAGEMENT_ORIGIN_REFUSED';
  if (caller.token === 'valid') return 'allow';
  if (caller.hasAuthorize) return 'ask';
  if (caller.token === 'wrong') return 'MANAGEMENT_UNAUTHENTICATED';
  if (!caller.isChange && caller.isLocal) return 'allow';
  return caller.hasToken ? 'MANAGEMENT_UNAUTHENTICATED' : 'MANAGEMENT_CLOSED';
}

/**
 * Lets one request pass, or says why not.
 *
 * @returns who asks, for the history of changes
 * @throws MANAGEMENT_HOST_REFUSED, MANAGEMENT_ORIGIN_REFUSED, MANAGEMENT_UNAUTHENTICATED, MANAGEMENT_FORBIDDEN,
 *   MANAGEMENT_CLOSED
 */
export async function admit(
  request: Request,
  permission: Permission,
  client: Client,
  options: GuardOptions,
): Promise<string> {
  const facts = factsOf(request, client, options);
  const verdict = judge(facts);
  if (verdict === 'allow') return facts.token === 'valid' ? 'token' : 'local';
  if (verdict === 'ask') return await askHost(request, permission, options);
  throw fail(verdict, {
    permission,
    host: JSON.stringify(request.headers.get('host') ?? ''),
    origin: JSON.stringify(request.headers.get('origin') ?? ''),
  });
}

async function askHost(request: Request, permission: Permission, options: GuardOptions): Promise<string> {
  const answer = (await options.authorize?.(request, permission)) ?? false;
  if (answer === true) return 'authorized';
  if (answer !== false) return answer.actor;
  throw refusal(request, permission);
}

/** Someone who brought no credentials is asked for them; someone who did may not do this. */
function refusal(request: Request, permission: Permission): CodedError {
  const isAnonymous = request.headers.get('authorization') === null && request.headers.get('cookie') === null;
  return fail(isAnonymous ? 'MANAGEMENT_UNAUTHENTICATED' : 'MANAGEMENT_FORBIDDEN', { permission });
}

function factsOf(request: Request, client: Client, options: GuardOptions): CallerFacts {
  const { headers, method } = request;
  const origin = headers.get('origin');
  return {
    isChange: method !== 'GET' && method !== 'HEAD',
    isHostKnown: isKnownHost(headers.get('host'), client.localAddress, options.allowedHosts ?? []),
    isOriginForeign: origin !== null && !(options.allowedOrigins ?? []).includes(origin),
    isLocal: isLoopback(client.address) && !isForwarded(headers),
    token: tokenOf(headers, options.verifyToken),
    hasAuthorize: options.authorize !== undefined,
    hasToken: options.verifyToken !== undefined,
  };
}

function tokenOf(headers: Headers, verify: GuardOptions['verifyToken']): CallerFacts['token'] {
  const presented = /^bearer +(\S+) *$/i.exec(headers.get('authorization') ?? '')?.[1];
  if (presented === undefined || !verify) return 'absent';
  return verify(presented) ? 'valid' : 'wrong';
}

/** A reverse proxy on this machine makes every client look local; these headers give it away. */
function isForwarded(headers: Headers): boolean {
  return ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].some((name) => headers.get(name) !== null);
}

/** Whether the Host header names this listener, and not a foreign name that was made to point at it. */
export function isKnownHost(
  header: string | null,
  localAddress: string | undefined,
  allowed: readonly string[],
): boolean {
  const match = /^(\[[\da-f:.]+\]|[^\s:[\],]+)(?::\d{1,5})?$/.exec((header ?? '').toLowerCase());
  if (!match) return false;
  const name = (match[1] as string).replace(/^\[|\]$|\.$/g, '');
  if (name === 'localhost' || isLoopback(name)) return true;
  if (localAddress !== undefined && name === plainAddress(localAddress)) return true;
  return allowed.some((entry) => entry.toLowerCase() === name || entry.toLowerCase() === match[0]);
}

export function isLoopback(address: string): boolean {
  const plain = plainAddress(address);
  return plain === '::1' || (isIPv4(plain) && plain.startsWith('127.'));
}

/** An IPv4 address as it is written on an IPv4 socket, also when it came in on an IPv6 one. */
function plainAddress(address: string): string {
  return address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
}
