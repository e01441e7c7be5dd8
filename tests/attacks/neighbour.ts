import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as after } from 'node:timers/promises';
import { createSandbox, type LayerName } from '@hotswap/sandbox';

/** How well somebody fared who did nothing. */
export interface Wellbeing {
  readonly answers: number;
  readonly p99Ms: number;
  /** Of the process that hosts the neighbour. */
  readonly loopP99Ms: number;
  readonly hostMB: number;
}

const everyMs = 5;
const megabyte = 1_048_576;
const echo = `const channel = new (require('node:net').Socket)({ fd: 3 });
channel.on('data', (chunk) => channel.write(chunk));`;

/** Runs a healthy plugin's likeness in a sandbox of its own beside some work, and asks it again and again. */
export async function besideNeighbour<T>(
  work: () => Promise<T>,
  allowMissing: readonly LayerName[],
): Promise<{ readonly result: T; readonly wellbeing: Wellbeing }> {
  const folder = await mkdtemp(join(tmpdir(), 'neighbour-'));
  const file = join(folder, 'echo.cjs');
  await writeFile(file, echo);
  const sandbox = await createSandbox({ allowMissing });
  const neighbour = await sandbox.launch({ program: { type: 'node', file }, limits: { memoryMB: 128 } });
  const took: number[] = [];
  const ask = async (): Promise<void> => {
    const began = performance.now();
    neighbour.channel.write('x'.repeat(1_000));
    await once(neighbour.channel, 'data');
    took.push(performance.now() - began);
  };
  const loop = monitorEventLoopDelay({ resolution: 5 });
  let hostMB = 0;
  try {
    await ask();
    took.length = 0;
    loop.enable();
    const working = work();
    const isOver = working.then(
      () => true,
      () => true,
    );
    while (!(await Promise.race([isOver, after(everyMs, false)]))) {
      await ask();
      hostMB = Math.max(hostMB, process.memoryUsage.rss() / megabyte);
    }
    const p99Ms = took.toSorted((a, b) => a - b)[Math.floor(took.length * 0.99)] ?? 0;
    const wellbeing = { answers: took.length, p99Ms, loopP99Ms: loop.percentile(99) / 1e6, hostMB };
    return { result: await working, wellbeing };
  } finally {
    loop.disable();
    await neighbour.kill();
    await rm(folder, { recursive: true, force: true });
  }
}
