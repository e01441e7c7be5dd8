import { expect, it } from 'vitest';
import { followStream } from './held-stream.ts';

function counted() {
  const seen = { pulled: 0, cancelledWith: undefined as unknown, ended: 0 };
  const source = new ReadableStream<string>(
    {
      pull: (to) => {
        if (++seen.pulled > 3) to.close();
        else to.enqueue('a');
      },
      cancel: (reason) => void (seen.cancelledWith = reason),
    },
    { highWaterMark: 0 },
  );
  return { seen, ...followStream(source, () => void seen.ended++) };
}

it('a followed stream gives bytes, no faster than they are read, and says when it has ended', async () => {
  const { seen, stream } = counted();
  const reader = stream.getReader();
  expect(seen.pulled).toBe(0);
  expect((await reader.read()).value).toEqual(Buffer.from('a'));
  expect([seen.pulled, seen.ended]).toEqual([1, 0]);
  while (!(await reader.read()).done);
  expect(seen.ended).toBe(1);
});

it('one that nobody wants any more has its source cancelled', async () => {
  const { seen, stream } = counted();
  await stream.cancel('enough');
  expect([seen.cancelledWith, seen.ended]).toEqual(['enough', 1]);
});

it('one that is broken off fails its reader and lets its source go', async () => {
  const { seen, stream, breakOff } = counted();
  const reading = stream.getReader().read();
  const error = new Error('the drain is over');
  breakOff(error);
  await expect(reading).rejects.toBe(error);
  expect(seen.cancelledWith).toBe(error);
});

it('one of something else than bytes or text fails', async () => {
  let ended = 0;
  const { stream } = followStream(ReadableStream.from([1]), () => void ended++);
  await expect(stream.getReader().read()).rejects.toThrow(/bytes or text/);
  await expect.poll(() => ended).toBe(1);
});
