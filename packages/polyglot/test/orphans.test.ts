import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { writeNodeGreeter } from './running-host.ts';
import { temporaryFolder } from './toolchains.ts';

const folder = temporaryFolder();

test('a host that is killed leaves no plugin behind', async () => {
  const greeter = writeNodeGreeter(folder, 'orphan', { manifest: { swap: 'exclusive' } });
  const main = join(import.meta.dirname, 'fixtures/killed-host/main.ts');
  const host = spawn(process.execPath, ['--conditions=@hotswap/source', main, greeter, 'orphan'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void host.kill('SIGKILL'));
  const [line] = await once(createInterface({ input: host.stdout }), 'line');
  const pid = Number(line);
  expect(isAlive(pid)).toBe(true);
  host.kill('SIGKILL');
  await once(host, 'exit');
  // Nothing tells of the end of a process that is not a child.
  while (isAlive(pid)) await pause(10);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
