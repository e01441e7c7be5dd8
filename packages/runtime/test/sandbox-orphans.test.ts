import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { pluginFiles, temporaryFolder, until, write } from './running-runtime.ts';
import { describeSandbox, sandboxHost } from './sandbox-host.ts';

/** Processes below one, however deep. */
function below(pid: number): readonly number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((other) => parentOf(other) === pid);
  return [...children, ...children.flatMap(below)];
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 4).split(' ', 1)[0]);
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}

describeSandbox('a host that is killed', () => {
  it('leaves no process of a plugin behind, not even one that is busy', async () => {
    await using folder = await temporaryFolder();
    await write(folder.path, pluginFiles('busy', `setTimeout(() => { for (;;); }, 50);`));
    const entry = fileURLToPath(new URL('fixtures/sandbox-host.ts', import.meta.url));
    const host = spawn(
      process.execPath,
      ['--conditions=@hotswap/source', entry, join(folder.path, 'busy'), ...sandboxHost.allowMissing],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    try {
      const [said] = await once(host.stdout, 'data');
      expect(JSON.parse(String(said))).toMatchObject({ outcome: 'swapped' });
      const { pid = 0 } = host;
      const processes = below(pid);
      expect(processes.length).toBeGreaterThan(0);
      host.kill('SIGKILL');
      await once(host, 'exit');
      await until(() => processes.every((one) => parentOf(one) === undefined), 'every process below it is gone');
    } finally {
      host.kill('SIGKILL');
    }
  });
});
