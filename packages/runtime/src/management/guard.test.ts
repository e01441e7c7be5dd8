import { describe, expect, test } from 'vitest';
import type { CallerFacts } from './guard.ts';
import { isKnownHost, isLoopback, judge } from './guard.ts';

const reader: CallerFacts = {
  isChange: false,
  isHostKnown: true,
  isOriginForeign: false,
  isLocal: true,
  token: 'absent',
  hasAuthorize: false,
  hasToken: false,
};

describe('who may use management', () => {
  test.each<[string, Partial<CallerFacts>, string]>([
    ['a local reader, with nothing set up', {}, 'allow'],
    ['a remote reader, with nothing set up', { isLocal: false }, 'MANAGEMENT_CLOSED'],
    ['a local change, with nothing set up', { isChange: true }, 'MANAGEMENT_CLOSED'],
    ['a local reader, with a token set up', { hasToken: true }, 'allow'],
    ['a remote reader without the token', { hasToken: true, isLocal: false }, 'MANAGEMENT_UNAUTHENTICATED'],
    ['a local change without the token', { hasToken: true, isChange: true }, 'MANAGEMENT_UNAUTHENTICATED'],
    ['a local reader with a wrong token', { hasToken: true, token: 'wrong' }, 'MANAGEMENT_UNAUTHENTICATED'],
    ['a remote change with the token', { hasToken: true, isLocal: false, isChange: true, token: 'valid' }, 'allow'],
    ['a local reader, with a host that decides', { hasAuthorize: true }, 'ask'],
    ['a credential that is the host’s own', { hasAuthorize: true, hasToken: true, token: 'wrong' }, 'ask'],
    ['a foreign origin with the token', { isOriginForeign: true, token: 'valid' }, 'MANAGEMENT_ORIGIN_REFUSED'],
    ['a foreign host with the token', { isHostKnown: false, token: 'valid' }, 'MANAGEMENT_HOST_REFUSED'],
  ])('%s', (_, facts, verdict) => {
    expect(judge({ ...reader, ...facts })).toBe(verdict);
  });

  test('no change is ever let in without a token or the host’s word', () => {
    const either = [false, true];
    for (const isLocal of either)
      for (const hasToken of either)
        for (const token of ['absent', 'wrong'] as const)
          expect(judge({ ...reader, isChange: true, isLocal, hasToken, token })).not.toBe('allow');
  });
});

describe('the Host header', () => {
  test.each([
    ['localhost:8080', true],
    ['LOCALHOST', true],
    ['localhost.:80', true],
    ['127.0.0.1:8080', true],
    ['[::1]:8080', true],
    ['192.0.2.7:8080', true],
    ['admin.example.com', true],
    ['ops.example.com:9000', true],
    ['ops.example.com', false],
    ['evil.example', false],
    ['localhost.evil.example', false],
    ['127.0.0.1.evil.example', false],
    ['localhost@evil.example', false],
    ['localhost, evil.example', false],
    ['192.0.2.8', false],
    ['', false],
  ])('%s is known: %s', (host, isKnown) => {
    expect(isKnownHost(host, '::ffff:192.0.2.7', ['Admin.example.com', 'ops.example.com:9000'])).toBe(isKnown);
  });

  test('a request without one is refused', () => {
    expect(isKnownHost(null, '127.0.0.1', [])).toBe(false);
  });
});

test('loopback is told from addresses that only look like it', () => {
  expect(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'].every(isLoopback)).toBe(true);
  expect(['', '10.0.0.1', '127.0.0.1.example', '::ffff:10.0.0.1', '1127.0.0.1'].some(isLoopback)).toBe(false);
});
