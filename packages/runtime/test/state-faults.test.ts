import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { composeRuntime } from '../src/compose-runtime.ts';
import { resolveSettings } from '../src/runtime-options.ts';
import { createRecordingLog, pluginFiles, run, temporaryFolder, until, write } from './running-runtime.ts';

/** Counts, and hands its count over. */
const counterStart = `
  let count = state ?? 0;
  ctx.http.post('/count', async () => (await new Promise(setImmediate), new Response(String(++count))));
  ctx.http.get('/count', () => new Response(String(count)));
  ctx.http.get('/crash', () => process.reallyExit(1));
  return { exportState: () => count };`;

function counterFiles(options: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, string>> {
  return {
    ...pluginFiles('counter', '', options),
    'counter/index.js': `export default { swap: 'exclusive', start(ctx, state) {${counterStart}} };`,
  };
}

it('a state that does not match its checksum is never started with: the plugin fails, and says so', async () => {
  await using folder = await temporaryFolder();
  await write(folder.path, counterFiles({ recovery: { maxAttempts: 1, backoff: { strategy: 'fixed', from: '1ms' } } }));
  const options = { log: createRecordingLog(), guardProcess: false, environment: {}, limits: { probationMs: 0 } };
  const core = composeRuntime(resolveSettings(options), options);
  await core.verbs.load(join(folder.path, 'counter'));
  // As a fault of memory would: a bit of the state changes after it was sealed.
  const corrupting = {
    ...core.swap,
    keepState: (plugin: string, state: Parameters<typeof core.swap.keepState>[1]) => {
      const kept = core.swap.keepState(plugin, state);
      state.bytes[state.bytes.length - 1]! ^= 1;
      return kept;
    },
  };
  const { swap } = await import('../src/swap/swap.ts');
  const slot = core.roster.get('counter');
  const { published } = await swap(corrupting, slot, {
    operation: 'reload',
    operationId: 'reload-1',
    wish: slot.wish,
    actor: 'test',
    reason: 'test',
    signal: undefined,
  });
  expect(published).toMatchObject({ outcome: 'failed', to: undefined, reason: { code: 'STATE_CORRUPT' } });
  expect(published.steps.filter(({ error }) => error).map(({ name, error }) => [name, error?.code])).toContainEqual([
    'revive',
    'STATE_CORRUPT',
  ]);
  expect(slot.publicState).toBe('failed');
  expect(slot.gate?.reason).toBe('down');
  for (const { name } of core.roster.slots) await core.verbs.remove(name);
  await core.isolates.close();
});

it('a disk that takes nothing does not keep a plugin from changing hands; log and status say that its state is not kept', async () => {
  await using folder = await temporaryFolder();
  await write(folder.path, counterFiles());
  await using host = await run({ data: folder.path });
  // A file where its folder should be: nothing can be written there.
  await writeFile(join(folder.path, 'state'), '');
  await host.runtime.load(join(folder.path, 'counter'));
  await host.get('/count', { method: 'POST' });
  expect((await host.runtime.reload('counter')).outcome).toBe('swapped');
  expect(await host.get('/count')).toEqual([200, '1']);
  await until(() => host.status('counter').savedState?.problem?.code === 'STATE_NOT_SAVED', 'status says it');
  expect(host.lines).toContainEqual(
    expect.objectContaining({ level: 'error', fields: expect.objectContaining({ code: 'STATE_NOT_SAVED' }) }),
  );
});

it('a client that leaves while it waits has nothing done for it, and the others lose nothing', async () => {
  await using folder = await temporaryFolder();
  await write(folder.path, counterFiles());
  await using host = await run();
  await host.runtime.load(join(folder.path, 'counter'));
  let [acknowledged, left] = [0, 0];
  const over = new AbortController();
  const staying = async (): Promise<void> => {
    while (!over.signal.aborted) {
      expect((await host.get('/count', { method: 'POST' }))[0]).toBe(200);
      acknowledged++;
    }
  };
  const leaving = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const { signal, abort } = leavingSignal();
      const answered = host.get('/count', { method: 'POST', signal }).then(
        ([status]) => status === 200,
        () => false,
      );
      setImmediate(abort);
      if (await answered) acknowledged++;
      else left++;
    }
  };
  const clients = Promise.all([staying(), staying(), leaving(), leaving(), leaving()]);
  for (let round = 0; round < 30; round++) expect((await host.runtime.reload('counter')).outcome).toBe('swapped');
  over.abort();
  await clients;
  const [, text] = await host.get('/count');
  expect(Number(text)).toBeGreaterThanOrEqual(acknowledged);
  expect(Number(text)).toBeLessThanOrEqual(acknowledged + left);
  expect(host.status('counter')).toMatchObject({ state: 'active', gate: undefined });
});

it('a crash in the middle of a hand-over is told, and recovery starts again with the last state that was kept', async () => {
  await using folder = await temporaryFolder();
  const recovery = { backoff: { strategy: 'fixed', from: '1ms', to: '1ms' } };
  await write(folder.path, counterFiles({ isolation: 'strict', recovery }));
  await using host = await run();
  await host.runtime.load(join(folder.path, 'counter'));
  await host.get('/count', { method: 'POST' });
  expect((await host.runtime.reload('counter')).outcome).toBe('swapped');
  const crashing = host.get('/crash');
  const report = await host.runtime.reload('counter');
  expect((await crashing)[0]).toBe(502);
  expect(['failed', 'swapped']).toContain(report.outcome);
  await until(() => host.status('counter').state === 'active', 'it is up again');
  expect(await host.get('/count')).toEqual([200, '1']);
});

function leavingSignal(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort(new Error('the client left')) };
}
