import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { constants } from 'node:fs';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { processorTimeOf } from './processor-time.ts';

const onLinux = test.skipIf(platform() !== 'linux' && process.env['CI'] === undefined);

async function threadThat(name: string, deed: string): Promise<void> {
  const worker = new Worker(`require('node:worker_threads').parentPort.postMessage('up'); ${deed}`, {
    eval: true,
    name,
  });
  onTestFinished(async () => void (await worker.terminate()));
  await once(worker, 'message');
}

onLinux('a thread that works is runnable, and its time grows', async () => {
  await threadThat('pt-loop', 'for (;;) Math.random();');
  const read = processorTimeOf('pt-loop');
  const before = read();
  await expect.poll(() => (read()?.usedMs ?? 0) - (before?.usedMs ?? 0), { timeout: 10_000 }).toBeGreaterThan(20);
  expect(read()?.isRunnable).toBe(true);
});

onLinux('a thread that a blocked read holds up is not runnable', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hotswap-pipe-'));
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const fd = openSync(pipe, constants.O_RDWR);
  onTestFinished(() => rmSync(folder, { recursive: true }));
  await threadThat(
    'pt-read',
    `const fs = require('node:fs'); fs.readSync(fs.openSync(${JSON.stringify(pipe)}, 'r'), Buffer.alloc(1));`,
  );
  const read = processorTimeOf('pt-read');
  await expect.poll(() => read()?.isRunnable, { timeout: 10_000 }).toBe(false);
  writeSync(fd, 'x');
});

onLinux('of a name that no thread has, or two have, nothing is known', async () => {
  expect(processorTimeOf('pt-nobody')()).toBeUndefined();
  await threadThat('pt-twice', 'setInterval(() => {}, 1_000)');
  await threadThat('pt-twice', 'setInterval(() => {}, 1_000)');
  expect(processorTimeOf('pt-twice')()).toBeUndefined();
});
