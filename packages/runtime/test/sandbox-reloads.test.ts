import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pluginFiles, type RunningRuntime, run, temporaryFolder, until, write } from './running-runtime.ts';
import { describeSandbox, sandboxHost } from './sandbox-host.ts';

const { allowMissing } = sandboxHost;
const reloads = 100;
const megabyte = 1_048_576;

const body = `
  ctx.http.get('/a', () => new Response(String(ctx.generation)));
  ctx.http.get('/wait', () => new Promise(() => {}));
  ctx.methods.handle('wait', () => new Promise(() => {}));`;

async function host(folder: string): Promise<RunningRuntime> {
  await write(folder, pluginFiles('a', body, { isolation: 'sandbox' }));
  const running = await run({ allowMissing, limits: { spares: 0, shutdownTimeoutMs: 500, drainTimeoutMs: 300 } });
  expect((await running.runtime.load(join(folder, 'a'))).reason).toBeUndefined();
  return running;
}

const open = (): number => readdirSync('/proc/self/fd').length;

/** Processes that this one started and that are there now. */
function children(): readonly string[] {
  return readdirSync('/proc/self/task').flatMap((task) => {
    const pids = readFileSync(`/proc/self/task/${task}/children`, 'latin1').split(' ').filter(Boolean);
    return pids.toSorted();
  });
}

/** Folders that the confined processes of this host have in the temp folder. */
function folders(): readonly string[] {
  const own = readdirSync(tmpdir()).filter((name) => name.startsWith('hotswap') && name.includes(String(process.pid)));
  return own.flatMap((name) => readdirSync(join(tmpdir(), name)));
}

function collect() {
  for (let round = 0; round < 4; round++) globalThis.gc?.();
  return process.memoryUsage();
}

describeSandbox('a plugin in a process of its own', () => {
  it(
    `that is reloaded ${reloads} times leaves no process, no descriptor, no folder and no memory`,
    { timeout: 120_000 },
    async () => {
      await using folder = await temporaryFolder();
      await using running = await host(folder.path);
      const reload = async (times: number): Promise<void> => {
        for (let time = 0; time < times; time++) {
          expect((await running.runtime.reload('a')).outcome).toBe('swapped');
          expect((await running.get('/a'))[0]).toBe(200);
        }
      };
      await reload(30);
      await until(() => running.runtime.status().processes.alive === 1, 'the one before is gone');
      const before = { open: open(), children: children().length, folders: folders().length };
      const memory = collect();
      await reload(reloads);
      await until(() => running.runtime.status().processes.alive === 1, 'the one before is gone');
      const after = collect();
      const [heapMB, residentMB] = [after.heapUsed - memory.heapUsed, after.rss - memory.rss].map(
        (bytes) => bytes / megabyte,
      );
      console.log(
        `${reloads} reloads: the heap grew by ${heapMB?.toFixed(1)} MB, the host by ${residentMB?.toFixed(1)} MB`,
      );
      expect({ open: open(), children: children().length, folders: folders().length }).toEqual(before);
      // What a generation holds that is not let go of would be far more.
      expect(heapMB).toBeLessThan(5);
      expect(residentMB).toBeLessThan(60);
    },
  );

  it('whose host is closed while it has calls under way is gone in time, and every call has an end', async () => {
    await using folder = await temporaryFolder();
    const before = children();
    const running = await host(folder.path);
    const waiting = Array.from({ length: 20 }, () => running.get('/wait'));
    const invoked = Promise.resolve(running.runtime.invoke('a', 'wait')).catch((error: { code: string }) => error.code);
    await running.get('/a');
    const closedAt = performance.now();
    await running.runtime.close();
    expect(performance.now() - closedAt).toBeLessThan(4_000);
    for (const [status] of await Promise.all(waiting)) expect([502, 503, 504]).toContain(status);
    expect(typeof (await invoked)).toBe('string');
    await until(() => children().every((pid) => before.includes(pid) || isHosts(pid)), 'its process is gone');
  });
});

/** The bundler and the shell that watches over confined processes last as long as their host. */
function isHosts(pid: string): boolean {
  try {
    return /esbuild|^\/bin\/sh/.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
  } catch {
    return true;
  }
}
