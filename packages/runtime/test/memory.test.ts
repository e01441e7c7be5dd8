import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { expect, it } from 'vitest';
import { composeRuntime } from '../src/compose-runtime.ts';
import { resolveSettings } from '../src/runtime-options.ts';
import { createRecordingLog, pluginFiles, temporaryFolder, write } from './running-runtime.ts';

const reloads = 300;
/** Generations that may still be reachable: the one that serves, those a snapshot or a turn of the loop still holds. */
const stillHeld = 12;

/** About 25 KB of code that is used, so that it is compiled and kept. */
const bulk = Array.from(
  { length: 320 },
  (_, index) => `table.push((n) => n * ${index} + 'entry number ${index} of the table'.length);`,
);
const start = `
  const table = [];
  ${bulk.join('\n')}
  setInterval(() => table.length, 60_000);
  process.on('SIGHUP', () => table.length);
  ctx.events.on('any', () => table.length);
  ctx.tasks.every('1h', 'idle', () => table.length);
  ctx.methods.handle('sum', ({ data }) => table.reduce((sum, line) => sum + line(data), 0));
  ctx.http.use((request, next) => next(request));
  ctx.http.get('/sum', () => new Response(String(table.length)));
  return { stop() { table.length = 0; } };`;

async function collect(isDone: () => boolean): Promise<void> {
  for (let turn = 0; turn < 60 && !isDone(); turn++) {
    globalThis.gc?.();
    await nextTurn();
  }
}

// Counting coverage keeps every function that ever ran.
const isCounted = process.env['NODE_V8_COVERAGE'] !== undefined;

it.skipIf(isCounted)('gives the memory of hundreds of reloaded generations back', { timeout: 60_000 }, async () => {
  setFlagsFromString('--no-compilation-cache');
  await using folder = await temporaryFolder();
  await write(folder.path, pluginFiles('big', start));
  const options = { log: createRecordingLog(), environment: {}, limits: { probationMs: 0, maxSnapshots: 3 } };
  const core = composeRuntime(resolveSettings(options), options);
  await core.verbs.load(join(folder.path, 'big'));
  const reload = async (times: number): Promise<void> => {
    for (let time = 0; time < times; time++) {
      const report = await core.verbs.reload('big');
      expect(report.outcome).toBe('swapped');
      await core.methods.bind('big', 'sum')(time);
    }
  };
  await reload(30);
  await collect(() => core.census.made - core.census.finalised <= stillHeld);
  const before = process.memoryUsage().heapUsed;

  await reload(reloads);
  await collect(() => core.census.made - core.census.finalised <= stillHeld);

  expect(core.census.made).toBe(reloads + 31);
  expect(core.census.made - core.census.finalised).toBeLessThanOrEqual(stillHeld);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(8 * 2 ** 20);
  expect(core.roster.get('big').generations.size).toBe(1);
  expect(process.listenerCount('SIGHUP')).toBe(1);
  await core.verbs.remove('big');
  await core.loader.close();
});
