import { mkdtemp, readdir, readFile, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, runScript } from './node-process.ts';
import type { RunningProgram } from './node-process.ts';

async function demo(flags: string, env: NodeJS.ProcessEnv = {}): Promise<RunningProgram> {
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  return runScript(`${scripts.demo} ${flags}`, { env });
}

test('the demo loses no request, shows each scenario and a table, and exits with 0', async () => {
  await using run = await demo('--quick');
  expect(await run.ended, run.output()).toBe(0);
  const text = run.output();
  expect(text.match(/^✔ /gm)).toHaveLength(9);
  expect(text).not.toContain('✘');
  expect(text).toMatch(/^failed .* 0$/m);
  expect(text).toMatch(/^requests sent +[\d,]{4,}$/m);
  expect(text).toMatch(/^errors served by the bad version until it was returned from +[1-9]\d*$/m);
  expect(text).toMatch(/^swaps +6$/m);
  expect(text).toMatch(/^returns \(3 refused before they served, 1 after\) +4$/m);
  expect(text).toMatch(/^p99 during changes +[\d.]+ ms$/m);
});

test('the demo notices a lost request and exits with 1', async () => {
  await using run = await demo('--quick --json --cut-one');
  expect(await run.ended).toBe(1);
  const { load, isProven } = JSON.parse(run.output().slice(run.output().indexOf('{')));
  expect({ failed: load.failed, isProven }).toEqual({ failed: 1, isProven: false });
  expect(load.sent).toBe(load.answered + load.errorsOfBadVersion + load.failed);
});

test('a demo that is stopped half-way leaves nothing behind', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'demo-stopped-'));
  await using run = await demo('--quick', { TMPDIR: folder });
  await run.says(/serves/);
  run.kill('SIGTERM');
  expect(await run.ended).toBe(143);
  expect(await readdir(folder)).toEqual([]);
  await rmdir(folder);
});
