import { PassThrough } from 'node:stream';
import { createFakeClock } from '@hotswap/test-kit';
import { expect, it } from 'vitest';
import { OutputBound } from './output-bound.ts';

function bounded() {
  const stream = new PassThrough({ highWaterMark: 16_777_216 });
  const clock = createFakeClock();
  const told: string[] = [];
  const output = new OutputBound(stream, clock, (line) => told.push(line));
  const write = async (text: string): Promise<void> => {
    stream.write(text);
    await new Promise((go) => setImmediate(go));
  };
  return { stream, clock, told, output, write };
}

it('lines beyond those of a second are counted, which is told once, and the last of them are kept', async () => {
  const { told, output, clock, write } = bounded();
  await write(Array.from({ length: 800 }, (_, n) => `line ${n}\n`).join(''));
  expect(told).toHaveLength(501);
  expect(told.at(-1)).toMatch(/the rest is left out/);
  expect([output.dropped, output.last.at(-1)]).toEqual([300, 'line 799']);
  await clock.advance(1_000);
  await write('and one more\n');
  expect(told.at(-1)).toBe('and one more');
});

it('more bytes than those of a second wait in whoever writes them, until the next', async () => {
  const { stream, told, clock, write } = bounded();
  await write('x'.repeat(5_000_000));
  expect(stream.isPaused()).toBe(true);
  const before = told.length;
  await write('\nlater\n');
  expect(told).toHaveLength(before);
  await clock.advance(1_000);
  await new Promise((go) => setImmediate(go));
  expect(told).toContain('later');
});

it('of one that has ended everything is read', async () => {
  const { stream, output, write } = bounded();
  await write('x'.repeat(5_000_000));
  output.release();
  await write('\nits last words\n');
  stream.end();
  await new Promise((go) => setImmediate(go));
  expect([stream.isPaused(), output.last.at(-1)]).toEqual([false, 'its last words']);
});
