import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createProgress } from './progress.ts';

function written(isTTY: boolean, columns?: number) {
  const texts: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      texts.push(String(chunk));
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY, ...(columns !== undefined && { columns }) }), texts };
}

test('a pipe gets a line for each text, and none twice in a row', () => {
  const { stream, texts } = written(false);
  const progress = createProgress(stream, { isSilent: false });
  for (const text of ['swapping a', 'swapping a', 'on probation']) progress.show(text);
  progress.clear();
  progress.show('on probation');
  expect(texts).toEqual(['swapping a\n', 'on probation\n', 'on probation\n']);
});

test('a terminal has one line that never wraps, and nothing to erase when none was shown', () => {
  const { stream, texts } = written(true, 10);
  const progress = createProgress(stream, { isSilent: false });
  progress.clear();
  progress.show('a text of more than ten columns');
  expect(texts).toEqual(['\r\u001b[2Ka text of']);
});

test('says nothing when it is silent', () => {
  const { stream, texts } = written(true);
  const progress = createProgress(stream, { isSilent: true });
  progress.show('swapping a');
  progress.clear();
  expect(texts).toEqual([]);
});
