import { CodedError } from '@hotswap/protocol';
import { expect, it } from 'vitest';
import { fromWireFailure, toWireFailure } from './wire-failure.ts';

const across = (thrown: unknown): Error => fromWireFailure(structuredClone(toWireFailure(thrown)));

it('keeps code, kind, words and details of a coded error', () => {
  const thrown = new CodedError({
    code: 'GEO_UNKNOWN',
    kind: 'not-found',
    message: 'no such place',
    details: { ip: '::1' },
  });
  expect(across(thrown)).toMatchObject({
    code: 'GEO_UNKNOWN',
    kind: 'not-found',
    message: 'no such place',
    details: { ip: '::1' },
  });
});

it('tells details that cannot cross by their text', () => {
  const details = { call: () => 1, name: 'x' };
  expect(across(new CodedError({ code: 'ODD_ONE', kind: 'invalid', message: 'odd', details }))).toMatchObject({
    details: { call: '() => 1', name: 'x' },
  });
});

it('says of a stack once that it is foreign, however often it crosses', () => {
  const { stack = '' } = across(across(new Error('far away')));
  expect(stack).toContain('wire-failure.test.ts');
  expect(stack.match(/other side/g)).toHaveLength(1);
});

it.each([
  ['nothing', undefined],
  ['a number', 7],
  ['words that are none', { message: 7, stack: {} }],
  ['a code that is none', { code: 'drop table', kind: 'invalid', message: 'x' }],
  ['a kind that is none', { code: 'A_CODE', kind: 'constructor', message: 'x' }],
])('makes an error of %s, but no coded one', (_, failure) => {
  const error = fromWireFailure(failure);
  expect(error).toBeInstanceOf(Error);
  expect('code' in error).toBe(false);
});

it('bounds what a plugin can make of a log line', () => {
  const error = fromWireFailure({
    name: 'n'.repeat(1_000_000),
    message: 'm'.repeat(1_000_000),
    stack: 's'.repeat(1_000_000),
  });
  expect(error.name.length + error.message.length + (error.stack?.length ?? 0)).toBeLessThan(50_000);
  const details = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`d${at}`, at]));
  expect(fromWireFailure({ code: 'A_CODE', kind: 'invalid', message: 'x', details })).toMatchObject({ details: {} });
});
