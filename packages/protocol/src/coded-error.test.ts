import { expect, test } from 'vitest';
import { CodedError, defineErrors, errorKinds, isCodedError, messageOf } from './coded-error.ts';

const fail = defineErrors({
  ROUTE_CONFLICT: { kind: 'conflict', message: 'route {path} is taken by {plugin}; choose another path' },
});

test('a catalog fills the places of its message and keeps the parameters as details', () => {
  const error = fail('ROUTE_CONFLICT', { path: '/x', plugin: 'geo' });
  expect(error).toMatchObject({
    code: 'ROUTE_CONFLICT',
    kind: 'conflict',
    message: 'route /x is taken by geo; choose another path',
    details: { path: '/x', plugin: 'geo' },
  });
});

test('a place without a parameter stays readable', () => {
  expect(fail('ROUTE_CONFLICT', { path: '/x' }).message).toContain('taken by {plugin}');
});

test('text that came in through a parameter is not filled again', () => {
  expect(fail('ROUTE_CONFLICT', { path: '{plugin}', plugin: 'geo' }).message).toMatch(
    /^route \{plugin\} is taken by geo/,
  );
});

test('the cause is kept', () => {
  const cause = new Error('inner');
  expect(fail('ROUTE_CONFLICT', {}, { cause }).cause).toBe(cause);
});

test('an error from another copy of the package is recognised by its shape', () => {
  const foreign = Object.assign(new Error('x'), { code: 'A_B', kind: 'limit', details: {} });
  expect(isCodedError(foreign)).toBe(true);
  expect(isCodedError(Object.assign(new Error('x'), { code: 'ENOENT' }))).toBe(false);
  expect(isCodedError(Object.assign(new Error('x'), { code: 'A_B', kind: 'toString' }))).toBe(false);
  expect(isCodedError({ code: 'A_B', kind: 'limit' })).toBe(false);
});

test('what crosses a wire builds the same error on the far side', () => {
  const error = fail('ROUTE_CONFLICT', { path: '/x', plugin: 'geo' });
  const copy = new CodedError(JSON.parse(JSON.stringify(error)));
  expect(copy.toJSON()).toEqual(error.toJSON());
});

test('every kind has an error status and an exit code of its own class', () => {
  for (const { status, exitCode } of Object.values(errorKinds)) {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(exitCode).toBeGreaterThan(0);
  }
});

test('any thrown value has a sentence', () => {
  expect(messageOf(new Error('a'))).toBe('a');
  expect(messageOf('b')).toBe('b');
  expect(messageOf(undefined)).toBe('undefined');
});
