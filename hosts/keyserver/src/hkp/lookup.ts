import type { HotResponse } from '@hotswap/protocol/http';
import { fail } from '../errors.ts';
import type { KeySearch, KeyStore, StoredKey } from '../keys/key-store.ts';
import { writeArmor } from '../openpgp/armor.ts';
import { htmlAnswer, jsonAnswer, textAnswer } from './answers.ts';
import { htmlIndex, jsonIndex, machineIndex } from './index-format.ts';
import { readLookupQuery, searchOf } from './lookup-query.ts';
import type { LookupQuery } from './lookup-query.ts';
import { answerStatistics } from './statistics.ts';

/** What a look-up needs from outside. */
export interface LookupPorts {
  readonly store: KeyStore;
  readonly now: () => number;
}

/** More than this many keys are no answer but a listing of the store. */
const maxKeys = 100;

/**
 * Answers `GET /pks/lookup`.
 *
 * @throws LOOKUP_INVALID, LOOKUP_TOO_WIDE, KEY_NOT_FOUND, OPERATION_UNSUPPORTED
 */
export async function answerLookup(request: Request, ports: LookupPorts): Promise<HotResponse> {
  const query = readLookupQuery(request.url);
  switch (query.operation) {
    case 'get':
      return answerKeys(await findKeys(searchOf(query), query, ports.store), query);
    case 'hget':
      return answerKeys(await findKeys(digestSearch(query), query, ports.store), query);
    case 'index':
    case 'vindex':
      return answerIndex(await findKeys(searchOf(query), query, ports.store), query, ports.now());
    case 'stats':
      return answerStatistics(ports);
    default:
      throw fail('OPERATION_UNSUPPORTED', { operation: `op=${query.operation}` });
  }
}

function digestSearch({ search }: LookupQuery): KeySearch {
  if (/^[0-9a-f]{32}$/i.test(search)) return { kind: 'digest', digest: search.toLowerCase() };
  throw fail('LOOKUP_INVALID', { problem: `"${search}" is no digest of 32 hex digits` });
}

async function findKeys(search: KeySearch, query: LookupQuery, store: KeyStore): Promise<readonly StoredKey[]> {
  const found = (await store.find(search, maxKeys + 1)).filter(isReadableFor(search, query));
  if (found.length > maxKeys) throw fail('LOOKUP_TOO_WIDE', { limit: maxKeys, search: query.search });
  if (found.length === 0) throw fail('KEY_NOT_FOUND', { search: query.search });
  return found;
}

/** gpg 2.2 stops at a key of version 6, so those go only to who asks by such a fingerprint, by digest or `options=v6`. */
function isReadableFor(search: KeySearch, { options }: LookupQuery): (key: StoredKey) => boolean {
  const asksForNew = options.has('v6') || search.kind === 'digest' || (search.kind === 'id' && search.id.length === 64);
  return ({ facts }) => asksForNew || facts.version < 6;
}

function answerKeys(keys: readonly StoredKey[], { options }: LookupQuery): HotResponse {
  const hasChecksum = keys.every(({ facts }) => facts.version < 6);
  const armored = writeArmor(Buffer.concat(keys.map(({ data }) => data)), { hasChecksum });
  if (options.has('json')) return jsonAnswer({ keys: keys.map(({ facts }) => facts.fingerprint), armored });
  return textAnswer(armored, { type: 'application/pgp-keys; charset=utf-8' });
}

function answerIndex(keys: readonly StoredKey[], query: LookupQuery, now: number): HotResponse {
  if (query.options.has('json')) return jsonAnswer(jsonIndex(keys, now));
  if (query.options.has('mr')) return textAnswer(machineIndex(keys, now));
  return htmlAnswer(htmlIndex(keys, { search: query.search, now, isVerbose: query.operation === 'vindex' }));
}
