import { expect, test } from 'vitest';
import type { KeyContent } from './extension-points.ts';
import { connectExtensions } from './plugin-extensions.ts';

type Runtime = Parameters<typeof connectExtensions>[0];

const content: KeyContent = { fingerprint: 'ABCD', userIds: [], attributes: [] };

/** Points of which each gives these answers. */
function runtimeAnswering(...answers: readonly object[]): Runtime {
  const point = { run: async () => answers, handlers: answers.length };
  return { emit: async () => {}, extend: () => ({ 'key.validate': point, 'key.content': point }) as never };
}

test('hands on what the plugins say', async () => {
  const verdicts = [{ accept: true }, { accept: false, reason: 'spam' }];
  const runtime = runtimeAnswering(...verdicts.map((value) => ({ plugin: 'filter', value })));
  expect(await connectExtensions(runtime).inspect(content)).toEqual(verdicts);
});

test.each([
  ['a check that failed', { plugin: 'filter', error: new Error('no memory') }],
  ['a check that said nothing', { plugin: 'filter', value: undefined }],
  ['a check that said something else', { plugin: 'filter', value: { accept: 'yes' } }],
  ['a rejection without a reason', { plugin: 'filter', value: { accept: false } }],
])('keeps a key out after %s', async (_, answer) => {
  await expect(connectExtensions(runtimeAnswering(answer)).inspect(content)).rejects.toMatchObject({
    code: 'KEY_CHECK_FAILED',
    message: expect.not.stringContaining('no memory'),
  });
});
