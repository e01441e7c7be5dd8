import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createServerLog, withoutChanges } from './server-log.ts';

/** A stream that keeps what is written. */
class Page extends Writable {
  text = '';
  readonly isTTY: boolean;

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  override _write(chunk: unknown, _encoding: string, done: () => void): void {
    this.text += String(chunk);
    done();
  }
}

test('writes JSON with the promised words into a pipe', () => {
  const page = new Page(false);
  createServerLog({ stream: page }).warn({ plugin_name: 'geo' }, 'plugin was rolled back');
  const line: Record<string, unknown> = JSON.parse(page.text);
  expect(line).toMatchObject({ level: 'WARNING', message: 'plugin was rolled back', plugin_name: 'geo' });
  expect(new Date(String(line['timestamp'])).getTime()).toBeGreaterThan(0);
});

test('writes readable lines on a terminal', async () => {
  const page = new Page(true);
  createServerLog({ stream: page, hasColor: false }).error({ plugin_name: 'geo' }, 'plugin failed');
  await expect.poll(() => page.text).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] ERROR: plugin failed\n\s+plugin_name: "geo"/);
});

test('writes nothing below its level', () => {
  const page = new Page(false);
  const log = createServerLog({ stream: page, level: 'ERROR' });
  log.info('started');
  log.error('failed');
  expect(page.text.trim().split('\n')).toHaveLength(1);
});

test('can leave out changes of plugins, and nothing else', () => {
  const page = new Page(false);
  const log = withoutChanges(createServerLog({ stream: page, level: 'debug' }));
  log.info({ operation_id: 'swap-1', plugin_name: 'geo' }, 'plugin change was made');
  log.info({ from: 'active', to: 'reloading' }, 'plugin changed state');
  log.child({ plugin_name: 'geo' }).info({ from: 'a', to: 'b' }, 'moved');
  log.debug('looked');
  log.warn({ key: 1 }, 'warned');
  log.error('failed');
  const messages = page.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).message);
  expect(messages).toEqual(['moved', 'looked', 'warned', 'failed']);
});
