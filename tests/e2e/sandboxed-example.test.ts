import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSandbox } from '@hotswap/sandbox';
import { expect, onTestFinished, test } from 'vitest';
import { root, runProgram } from './node-process.ts';

const program = ['--conditions=@hotswap/source', '--no-experimental-ffi', join(root, 'examples/sandboxed/main.ts')];
const missing = (await createSandbox()).report.filter(({ status }) => status === 'missing');
const withoutSandbox =
  missing.length === 0 ? undefined : `this host lacks ${missing.map(({ layer }) => layer).join(', ')}`;

test.skipIf(withoutSandbox !== undefined && process.env['CI'] !== 'true')(
  `the example of a hostile plugin shows that nothing gets out${withoutSandbox === undefined ? '' : ` (skipped: ${withoutSandbox})`}`,
  async () => {
    await using run = runProgram(process.execPath, program);
    expect(await run.ended, run.output()).toBe(0);
    expect(run.output().match(/^✔ /gm)).toHaveLength(11);
    expect(run.output()).toContain('Nothing got out, in 11 attempts.');
  },
);

test('where nothing can be confined the example starts nothing, and says what is missing and what to do', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'only-node-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await symlink(process.execPath, join(folder, 'node'));
  await using run = runProgram(process.execPath, program, { env: { PATH: folder } });
  expect(await run.ended, run.output()).toBe(1);
  expect(run.output()).toMatch(/^healthy was not started: .*namespaces/m);
  expect(run.output()).toContain('apt-get install bubblewrap');
});
