import { expect, test } from 'vitest';
import type { Expectation } from './load-messages.ts';
import { judgeAnswer, RequestTally } from './request-tally.ts';

const calm = (version: string): Expectation => ({ answers: [version], mayBeError: false, phase: 'between' });
const trying: Expectation = { answers: ['1'], mayBeError: true, phase: 'during' };
const ok = (body: string) => ({ status: 200, body });
const error = { status: 502, body: '{}' };

test.each([
  ['the version that serves is right', ok('1'), calm('1'), calm('1'), 'right'],
  ['one that began before the swap may end after it', ok('1'), calm('1'), calm('2'), 'right'],
  ['one that was sent before the swap may meet the new version', ok('2'), calm('1'), calm('2'), 'right'],
  [
    'a version that was replaced before the request fails',
    ok('1'),
    calm('2'),
    calm('2'),
    { failure: 'answered by a version that must not serve: 1' },
  ],
  ['an error while a bad version is tried is counted apart', error, trying, trying, 'error of the bad version'],
  ['an error that was on its way then is too', error, trying, calm('1'), 'error of the bad version'],
  ['an error at any other time fails', error, calm('1'), calm('1'), { failure: 'answered 502' }],
  [
    'a 404 fails even then: the route never went away',
    { status: 404, body: '' },
    trying,
    trying,
    { failure: 'answered 404' },
  ],
])('%s', (_title, answer, atSend, atAnswer, verdict) => {
  expect(judgeAnswer(answer, { atSend, atAnswer })).toEqual(verdict);
});

test('counts failures by their reason, and quantiles by phase', () => {
  const tally = new RequestTally();
  for (const ms of [4, 1, 3, 2]) tally.noteLatency('before', ms);
  tally.noteFailure('cut');
  tally.noteFailure('cut');
  expect(tally.result).toMatchObject({
    failed: 2,
    failures: { cut: 2 },
    latencies: { before: { count: 4, p50Ms: 2, p99Ms: 4 }, during: { count: 0, p99Ms: 0 } },
  });
});
