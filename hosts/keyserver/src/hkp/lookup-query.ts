import { fail } from '../errors.ts';
import { emailOf, wordsOf } from '../keys/key.ts';
import type { KeySearch } from '../keys/key-store.ts';

/** A look-up as the client meant it. */
export interface LookupQuery {
  readonly operation: string;
  /** As it was sent, for messages. */
  readonly search: string;
  readonly isExact: boolean;
  /** `mr` machine readable, `json`, `nm` no modification, `v6` also keys of version 6. */
  readonly options: ReadonlySet<string>;
}

/**
 * Reads the query of a look-up leniently: gpg sends `<` and `>` raw, others repeat fields, vary case, leave out `op`.
 * Nothing here fails; what makes no sense is refused when it is used.
 */
export function readLookupQuery(url: string): LookupQuery {
  const start = url.indexOf('?');
  const fields = new URLSearchParams(start < 0 ? '' : url.slice(start + 1));
  const options = fields.getAll('options').flatMap((value) => value.toLowerCase().split(','));
  return {
    operation: (fields.get('op') ?? 'index').toLowerCase(),
    search: (fields.get('search') ?? '').trim(),
    isExact: fields.get('exact')?.toLowerCase() === 'on',
    options: new Set(options.map((option) => option.trim())),
  };
}

/**
 * Says what to look for: an id, an address, a whole user id or words.
 *
 * @throws LOOKUP_INVALID when the text names nothing that can be looked for
 */
export function searchOf({ search, isExact }: LookupQuery): KeySearch {
  if (search === '') throw fail('LOOKUP_INVALID', { problem: 'the field "search" is missing' });
  const prefixed = /^0x(.*)$/i.exec(search)?.[1];
  if (prefixed !== undefined) return idSearch(prefixed.replaceAll(' ', ''), search);
  if (isLongId(search)) return { kind: 'id', id: search.toUpperCase() };
  const email = /^<.*>$/.test(search) || isExact ? emailOf(search) : undefined;
  if (email !== undefined) return { kind: 'email', email };
  if (isExact) return { kind: 'user-id', text: search.toLowerCase() };
  const words = wordsOf(search);
  if (words.length === 0) throw fail('LOOKUP_INVALID', { problem: `"${search}" has no letter or digit` });
  // Each word is one more join; nobody needs more than a few.
  return { kind: 'words', words: words.slice(0, 16) };
}

function idSearch(id: string, search: string): KeySearch {
  if (/^[0-9a-f]{8}$/i.test(id) || isLongId(id)) return { kind: 'id', id: id.toUpperCase() };
  throw fail('LOOKUP_INVALID', { problem: `"${search}" is no fingerprint and no key id of 16 or 8 digits` });
}

function isLongId(text: string): boolean {
  return /^(?:[0-9a-f]{16}|[0-9a-f]{40}|[0-9a-f]{64})$/i.test(text);
}
