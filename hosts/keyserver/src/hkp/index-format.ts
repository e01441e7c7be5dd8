import type { KeyFacts, UserIdFacts } from '../keys/key.ts';
import { isExpired, keyIdOf } from '../keys/key.ts';
import type { StoredKey } from '../keys/key-store.ts';

const algorithmNames: Readonly<Record<number, string>> = {
  1: 'RSA',
  2: 'RSA',
  3: 'RSA',
  17: 'DSA',
  19: 'ECDSA',
  22: 'EdDSA',
  27: 'Ed25519',
  28: 'Ed448',
};

const style = 'body{font:1rem/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}code{font-size:.9em}';

/** The machine-readable index that gpg reads: one `info` line, then `pub` and `uid` lines. */
export function machineIndex(keys: readonly StoredKey[], now: number): string {
  const lines = keys.flatMap(({ facts }) => [pubLine(facts, now), ...facts.userIds.map((user) => uidLine(user, now))]);
  return [`info:1:${keys.length}`, ...lines, ''].join('\n');
}

/** The index for programs that prefer JSON: the stored facts, with what depends on the time of asking. */
export function jsonIndex(keys: readonly StoredKey[], now: number): readonly object[] {
  return keys.map(({ facts, digest }) => ({
    ...facts,
    keyId: keyIdOf(facts),
    isExpired: isExpired(facts, now),
    digest,
  }));
}

/** The index for people. Every text from a key is escaped. */
export function htmlIndex(
  keys: readonly StoredKey[],
  options: { search: string; now: number; isVerbose: boolean },
): string {
  const title = `Keys for “${escapeHtml(options.search)}”`;
  const items = keys.map(({ facts }) => htmlKey(facts, options)).join('\n');
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><style>${style}</style>
<h1>${title}</h1>
${items}
</html>
`;
}

/** Makes text harmless inside HTML. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function pubLine(facts: KeyFacts, now: number): string {
  const { fingerprint, algorithm, bits, createdAt, expiresAt } = facts;
  return ['pub', fingerprint, algorithm, bits, seconds(createdAt), seconds(expiresAt), flags(facts, now)].join(':');
}

function uidLine(user: UserIdFacts, now: number): string {
  const text = encodeURIComponent(user.text);
  return ['uid', text, seconds(user.createdAt), seconds(user.expiresAt), flags(user, now)].join(':');
}

function flags(thing: { readonly isRevoked: boolean; readonly expiresAt?: number }, now: number): string {
  return `${thing.isRevoked ? 'r' : ''}${isExpired(thing, now) ? 'e' : ''}`;
}

function seconds(at: number | undefined): string {
  return at === undefined ? '' : String(Math.floor(at / 1000));
}

function htmlKey(facts: KeyFacts, { now, isVerbose }: { readonly now: number; readonly isVerbose: boolean }): string {
  const href = `/pks/lookup?op=get&amp;search=0x${facts.fingerprint}`;
  const users = facts.userIds.map((user) => `<li>${escapeHtml(user.text)}${marks(user, now)}</li>`);
  const subkeys = facts.subkeys.map((key) => `<li><code>${key.fingerprint}</code> ${describe(key, now)}</li>`);
  return `<h2><a href="${href}"><code>${facts.fingerprint}</code></a></h2>
<p>${describe(facts, now)}</p>
<ul>${[...users, ...(isVerbose ? subkeys : [])].join('')}</ul>`;
}

function describe(
  key: Pick<KeyFacts, 'algorithm' | 'bits' | 'createdAt' | 'expiresAt' | 'isRevoked'>,
  now: number,
): string {
  const name = algorithmNames[key.algorithm] ?? `algorithm ${key.algorithm}`;
  const expires = key.expiresAt === undefined ? '' : `, expires ${day(key.expiresAt)}`;
  return `${name}, ${key.bits} bits, made ${day(key.createdAt)}${expires}${marks(key, now)}`;
}

function marks(thing: { readonly isRevoked: boolean; readonly expiresAt?: number }, now: number): string {
  return `${thing.isRevoked ? ' <strong>revoked</strong>' : ''}${isExpired(thing, now) ? ' <strong>expired</strong>' : ''}`;
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
