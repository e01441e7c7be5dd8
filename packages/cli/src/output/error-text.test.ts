import { CodedError } from '@hotswap/protocol';
import { expect, test } from 'vitest';
import { fail } from '../errors.ts';
import { errorAsJson, formatError } from './error-text.ts';
import { plainStyle } from './style.ts';

test('adds to an error of the server what to try at this prompt', () => {
  const error = new CodedError({ code: 'PLUGIN_UNKNOWN', kind: 'not-found', message: 'no plugin "x" is loaded' });
  expect(formatError(error, plainStyle)).toBe(
    'error: no plugin "x" is loaded\n  PLUGIN_UNKNOWN\n  see "hotswap plugin list" for what is loaded',
  );
});

test('adds nothing to its own errors, which say it already', () => {
  const text = formatError(fail('SERVER_UNREACHABLE', { url: 'http://127.0.0.1:1' }), plainStyle);
  expect(text.split('\n')).toHaveLength(2);
  expect(text).toContain('hotswap run DIR');
});

test('gives an error without a code one, and keeps its stack for us', () => {
  const error = new TypeError('x is not a function');
  expect(errorAsJson(error).error).toMatchObject({ code: 'CLI_FAILED', kind: 'internal' });
  expect(formatError(error, plainStyle)).toContain('error-text.test.ts');
});
