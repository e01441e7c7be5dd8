import { expect, test } from 'vitest';
import { readLookupQuery, searchOf } from './lookup-query.ts';

const search = (query: string) => searchOf(readLookupQuery(`/pks/lookup?${query}`));

test.each([
  ['search=0xABCDEF01', { kind: 'id', id: 'ABCDEF01' }],
  ['search=0X0123456789abcdef', { kind: 'id', id: '0123456789ABCDEF' }],
  [
    'search=0x0123 4567 89AB CDEF 0123 4567 89AB CDEF 0123 4567',
    { kind: 'id', id: '0123456789ABCDEF0123456789ABCDEF01234567' },
  ],
  ['search=deadbeef', { kind: 'words', words: ['deadbeef'] }],
  ['search=ada@example.org', { kind: 'words', words: ['ada', 'example', 'org'] }],
  ['search=<Ada@example.org>', { kind: 'email', email: 'ada@example.org' }],
  ['search=%3Cada@example.org%3E', { kind: 'email', email: 'ada@example.org' }],
  ['search=Ada+<ada@example.org>&exact=on', { kind: 'email', email: 'ada@example.org' }],
  ['search=Ada+Lovelace&exact=ON', { kind: 'user-id', text: 'ada lovelace' }],
  ['search=50%+off', { kind: 'words', words: ['50', 'off'] }],
])('reads %s', (query, expected) => {
  expect(search(query)).toEqual(expected);
});

test('takes options in one field or in many, in any case', () => {
  const { options, operation } = readLookupQuery(
    'http://[::1]:11371/pks/lookup?OP=x&op=GET&options=MR,nm&options=json',
  );
  expect([...options]).toEqual(['mr', 'nm', 'json']);
  expect(operation).toBe('get');
});

test('takes a request without a query', () => {
  expect(readLookupQuery('/pks/lookup')).toMatchObject({ operation: 'index', search: '' });
});
