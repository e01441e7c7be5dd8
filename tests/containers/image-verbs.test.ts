import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeEngines, type TestEngine } from '../../packages/sandbox/test/containers/engines.ts';

const main = join(import.meta.dirname, '../../packages/cli/src/main.ts');

describeEngines('hotswap sandbox image', (start) => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await start();
  }, 60_000);
  afterAll(() => engine.close(), 60_000);

  const hotswap = async (...args: readonly string[]): Promise<string> => {
    const flags = [
      '--conditions=@hotswap/source',
      main,
      'sandbox',
      'image',
      ...args,
      '--engine',
      engine.command.join(' '),
    ];
    return (await promisify(execFile)(process.execPath, flags)).stdout.trim();
  };

  it('makes, lists, pins and prunes', async () => {
    expect(await hotswap('list')).toMatch(/^there is none yet/);
    const digest = await hotswap('build');
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await hotswap('list')).toMatch(new RegExp(`^DIGEST.*\\n${digest.slice(0, 19)} +base +current`));
    await engine.run('tag', digest, 'localhost/mine:1');
    expect(await hotswap('pin', 'localhost/mine:1')).toBe(digest);
    expect(await hotswap('prune')).toBe('nothing to remove');
    expect(JSON.parse(await hotswap('list', '--json'))).toMatchObject([{ digest, kind: 'base', current: true }]);
  }, 60_000);

  it('says what to do about an image that is not there', async () => {
    await expect(hotswap('pin', 'localhost/nobody/has:this')).rejects.toMatchObject({
      code: 4,
      stderr: expect.stringContaining('never pulled by itself') as string,
    });
  });
});
