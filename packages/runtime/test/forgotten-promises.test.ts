import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { pluginFiles, temporaryFolder, write } from './running-runtime.ts';

const host = new URL('./fixtures/forgetful-host.ts', import.meta.url).pathname;

it('neither swaps nor the end of the host are disturbed by promises that a plugin forgot', async () => {
  await using folder = await temporaryFolder();
  await write(
    folder.path,
    pluginFiles(
      'forgetful',
      `(async () => { for (;;) await ctx.clock.sleep(1); })();
       Promise.reject(new Error('nobody waits for this'));`,
    ),
  );
  const args = ['--conditions=@hotswap/source', host, join(folder.path, 'forgetful')];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 15_000 });
  expect(stdout).toContain('the host has ended well');
  expect(stderr).toContain('nobody waits for this');
  expect(stderr).not.toContain('has ended');
});
