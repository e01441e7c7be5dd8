import { fileURLToPath } from 'node:url';
import { createTestHost } from '@hotswap/sdk/testing';
import { expect, test } from 'vitest';

const folder = fileURLToPath(new URL('..', import.meta.url));
const config = { intervalMs: 10 };

test('ticks with growing ids', async () => {
  await using host = await createTestHost(folder, { config });
  const stream = await openTicks(await host.fetch('/ticks'));
  expect(await stream.read(3)).toEqual([1, 2, 3]);
  await stream.cancel();
});

test('goes on after the last id that the client saw', async () => {
  await using host = await createTestHost(folder, { config });
  const stream = await openTicks(await host.fetch('/ticks', { headers: { 'last-event-id': '41' } }));
  expect(await stream.read(2)).toEqual([42, 43]);
  await stream.cancel();
});

test('ends its streams at a swap with a hint to come back, so that no old generation is kept', async () => {
  await using host = await createTestHost(folder, { config });
  const stream = await openTicks(await host.fetch('/ticks'));
  await stream.read(1);
  const [report, rest] = await Promise.all([host.runtime.reload(host.plugin), stream.readToEnd()]);
  expect(report).toMatchObject({ outcome: 'swapped', cancelled: 0 });
  expect(rest).toMatch(/retry: \d+\n\n$/);
});

async function openTicks(response: Response) {
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const readOn = async (): Promise<boolean> => {
    const { value, done } = await reader.read();
    text += value ?? '';
    return !done;
  };
  const ids = (): number[] => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
  return {
    /** The first ids of the stream, in their order. */
    async read(count: number): Promise<number[]> {
      while (ids().length < count && (await readOn()));
      return ids().slice(0, count);
    },
    async readToEnd(): Promise<string> {
      while (await readOn());
      return text;
    },
    cancel: () => reader.cancel(),
  };
}
