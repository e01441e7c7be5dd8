import type { sendUnaryData, ServerReadableStream, ServerWritableStream } from '@grpc/grpc-js';
import { unknownUsage } from '@hotswap/sandbox/words';
import { expect, test } from 'vitest';
import { answering, call, hold, listen, refused, run, saying } from './plugin-here.ts';
import type { EndpointEnd } from '../../src/launch/endpoint.ts';
import { LateIsolate } from '../../src/late-isolate.ts';
import { pluginService } from '../../src/serve/plugin-service.ts';
import type { InitializeResponse, StateChunk } from '../../src/wire/messages.ts';

const soon = (): AbortSignal => AbortSignal.timeout(1_000);
const over = new Error('a new version takes over');
const crash: EndpointEnd = {
  reason: 'exit',
  detail: 'it exited with code 9',
  exitCode: 9,
  signal: null,
  lastLines: ['oh no'],
};
const state = { version: 3, give: () => Buffer.from('ink'), take: () => {} };
type Tell = sendUnaryData<object>;

const failing =
  (code: number, details: string) =>
  (_: unknown, tell: Tell): void =>
    tell({ code, details });

test('an isolate that was stopped before it was loaded starts nothing', async () => {
  let opened = 0;
  const { isolate, start } = await hold(async () => {
    opened += 1;
    return (await listen(pluginService({}))).endpoint;
  });
  expect(await isolate.stop(over, soon())).toEqual([]);
  await expect(isolate.load(start)).rejects.toThrow('it was stopped while it was loaded');
  expect(opened).toBe(0);
});

test('a plugin that is stopped while it is started is ended at once, although nobody knew of it', async () => {
  const { endpoint, endings } = await listen(pluginService({}));
  const held = await hold(async () => {
    await held.isolate.stop(over, soon());
    return endpoint;
  });
  await expect(held.isolate.load(held.start)).rejects.toMatchObject({ code: 'GRPC_UNREACHABLE' });
  expect(endings.map(({ aborted }) => aborted)).toEqual([true]);
});

test('a program of another kind is none for this dialect', async () => {
  const { isolate, start } = await hold(() => Promise.reject(new Error('never')));
  const program = { ...start.program, type: 'module' } as unknown as typeof start.program;
  await expect(isolate.load({ ...start, program })).rejects.toThrow('runs programs alone');
});

test('before it is loaded an isolate holds nothing, measures nothing and answers nothing', async () => {
  const { isolate } = await hold(() => Promise.reject(new Error('never')));
  expect([isolate.resources(), isolate.layers(), await isolate.usage()]).toEqual([{}, [], unknownUsage]);
  await expect(isolate.health()).rejects.toThrow('the isolate was not loaded');
});

test('what confines a plugin is told by whoever started it', async () => {
  const layers = [{ layer: 'seccomp', status: 'active' }];
  const confinement = { layers, usage: async () => ({ ...unknownUsage, memoryBytes: 7 }) };
  const { isolate } = await run(pluginService({}), { confinement } as unknown as Parameters<typeof run>[1]);
  expect([isolate.layers(), await isolate.usage()]).toEqual([layers, { ...unknownUsage, memoryBytes: 7 }]);
});

test('a plugin that ends while it is connected to does not load, and why is its end', async () => {
  const { endpoint, gone } = await listen(pluginService({}));
  gone(crash);
  const { isolate, start } = await hold(async () => endpoint);
  await expect(isolate.load(start)).rejects.toMatchObject({
    code: 'ISOLATE_EXITED',
    details: { exitCode: 9, lastLines: ['oh no'] },
  });
});

test('a plugin that ends while it serves tells its host, and its last lines are in the log', async () => {
  const { endpoint, gone, endings } = await listen(pluginService({}));
  const { isolate, start, exited, lines } = await hold(async () => endpoint);
  await isolate.load(start);
  gone(crash);
  expect(await exited).toMatchObject({ code: 'ISOLATE_EXITED', details: { cause: 'exit', exitCode: 9 } });
  expect(lines.join()).toContain('the last lines before it ended {"last_lines":["oh no"]}');
  // Who is gone is asked for nothing more.
  expect(await isolate.stop(over, soon())).toEqual([]);
  expect(endings).toHaveLength(1);
});

test('a plugin that fails its own stop is ended at once, and the failure is told', async () => {
  const stop = (reason: string): never => {
    throw new Error(`the ink is not dry: ${reason}`);
  };
  const { endpoint, endings } = await listen(pluginService({ stop }));
  const { isolate, start } = await hold(async () => endpoint);
  await isolate.load(start);
  const [failure, ...others] = await isolate.stop(over, soon());
  expect(failure).toMatchObject({ kind: 'stop', label: 'the plugin itself', error: { code: 'GRPC_CALL_FAILED' } });
  expect(String(failure?.error)).toContain('the ink is not dry: a new version takes over');
  expect(others).toEqual([]);
  expect(endings[0]?.aborted).toBe(true);
});

test('a plugin that does not end its stop is given up when the time is over, or was over before', async () => {
  for (const isOver of [false, true]) {
    const limit = new AbortController();
    if (isOver) limit.abort();
    const Shutdown = (): void => limit.abort();
    const { isolate } = await run({ ...pluginService({}), Shutdown });
    expect(await isolate.stop(over, limit.signal)).toMatchObject([{ error: { code: 'GRPC_CALL_FAILED' } }]);
  }
});

test('a second stop is the first one', async () => {
  const { isolate } = await run(pluginService({}));
  const first = isolate.stop(over, soon());
  expect(isolate.stop(over, soon())).toBe(first);
  expect(await first).toEqual([]);
});

test('a plugin is as healthy as it says, and without a word of its own it is healthy', async () => {
  const ill = await run(pluginService({ health: () => ({ healthy: false, reason: 'out of ink' }) }));
  expect(await ill.isolate.health()).toEqual({ status: 'unhealthy', reason: 'out of ink' });
  const mute = await run({ ...pluginService({}), HealthCheck: failing(12, 'no such method') });
  expect(await mute.isolate.health()).toEqual({ status: 'healthy' });
  const broken = await run({ ...pluginService({}), HealthCheck: failing(9, 'the check broke') });
  await expect(broken.isolate.health()).rejects.toMatchObject({
    code: 'GRPC_CALL_FAILED',
    message: expect.stringContaining('HealthCheck with FAILED_PRECONDITION: the check broke'),
  });
});

test('a plugin that registers too much is refused', async () => {
  const { endpoint } = await listen(saying(Array.from({ length: 10_001 }, () => ({ method: { name: 'do' } }))));
  const { isolate, start } = await hold(async () => endpoint);
  await isolate.load(start);
  await expect(isolate.start(undefined)).rejects.toMatchObject(refused('more than 10000 registrations'));
});

test('a plugin without state has none to give, and none to take', async () => {
  const { isolate } = await run(pluginService({}));
  expect(await isolate.exportState()).toBeUndefined();
  await expect(isolate.rehearseState({ schemaVersion: 1, bytes: Buffer.from('ink') })).rejects.toThrow(
    'this plugin has no state',
  );
});

test('a state that is refused is refused however much of it is still to come', async () => {
  const take = (): never => {
    throw new Error('never');
  };
  const { isolate } = await run({
    ...pluginService({ state: { ...state, take } }),
    ImportState: (_: ServerReadableStream<StateChunk, object>, tell: Tell) => tell({ code: 9, details: 'too old' }),
  });
  const bytes = Buffer.alloc(24 * 1_048_576);
  await expect(isolate.rehearseState({ schemaVersion: 1, bytes })).rejects.toThrow('too old');
});

test('a large state goes over in parts and says whether it could be taken back', async () => {
  const taken: number[] = [];
  const { isolate } = await run(
    pluginService({ state: { ...state, oldest: 1, returnsTo: 2, take: ({ bytes }) => void taken.push(bytes.length) } }),
  );
  const bytes = Buffer.alloc(3 * 1_048_576 + 1);
  expect(await isolate.rehearseState({ schemaVersion: 2, bytes })).toBe(true);
  expect(await isolate.rehearseState({ schemaVersion: 1, bytes: Buffer.alloc(0) })).toBe(false);
  expect(taken).toEqual([bytes.length, 0]);
});

test('a state is told by its version; one without, or one that fails, is none', async () => {
  const good = await run(pluginService({ state }));
  expect(await good.isolate.exportState()).toEqual({ schemaVersion: 3, bytes: Buffer.from('ink') });
  const give = (version: number): never => {
    throw new Error(`version ${version} is beyond me`);
  };
  const bad = await run(pluginService({ state: { ...state, give } }));
  await expect(bad.isolate.exportState(1)).rejects.toThrow('version 1 is beyond me');
  const ExportState = (stream: ServerWritableStream<object, StateChunk>): void => void stream.end();
  const empty = await run({ ...pluginService({ state }), ExportState });
  await expect(empty.isolate.exportState()).rejects.toMatchObject(refused('a state without a schema version'));
});

test('what a plugin writes through the library of go-plugin is its log, as far as the log takes it', async () => {
  const line = JSON.stringify({ '@level': 'warn', '@message': 'out of ink' });
  const StreamStdio = (stream: ServerWritableStream<object, object>): void =>
    void stream.write({ channel: 'STDERR', data: Buffer.from(`${line}\n`.repeat(5_000)) });
  const { firstLine, lines } = await run(pluginService({}), { stdio: { StreamStdio } });
  expect(await firstLine).toBe('out of ink');
  expect(lines.length).toBeLessThan(5_000);
});

test('a late isolate is empty before it is loaded, and says so', async () => {
  const late = new LateIsolate('sandbox', undefined, () => Promise.reject(new Error('no such module')));
  expect([late.resources(), late.layers()]).toEqual([{}, []]);
  expect(() => late.health()).toThrow('the isolate was not loaded');
  await expect(late.usage?.()).rejects.toThrow('the isolate was not loaded');
});

test('a late isolate whose implementation cannot be imported does not load, and has nothing to end', async () => {
  const late = new LateIsolate('sandbox', undefined, () => Promise.reject(new Error('no such module')));
  const { start } = await hold(() => Promise.reject(new Error('never')));
  await expect(late.load(start)).rejects.toThrow('no such module');
  expect(await late.stop(over, soon())).toEqual([]);
});

test('a late isolate that was stopped first stops what it makes, which then loads nothing', async () => {
  const { isolate, start } = await hold(() => Promise.reject(new Error('never')));
  const late = new LateIsolate('sandbox', undefined, async () => isolate);
  await late.stop(over, soon());
  await expect(late.load(start)).rejects.toThrow('it was stopped while it was loaded');
});

test('a late isolate is what it made from then on', async () => {
  const { endpoint } = await listen(pluginService({ state, health: () => ({ healthy: false, reason: 'out of ink' }) }));
  const { isolate, start } = await hold(async () => endpoint);
  const late = new LateIsolate('sandbox', undefined, async () => isolate);
  expect(await late.load(start)).toMatchObject({ state: { version: 3, oldest: 3, returnsTo: 3 } });
  expect(await late.start(undefined)).toEqual({ exportsState: true });
  expect(await late.health()).toEqual({ status: 'unhealthy', reason: 'out of ink' });
  expect(await late.configure({}, {})).toBe(false);
  expect(await late.exportState()).toMatchObject({ schemaVersion: 3 });
  expect(await late.rehearseState({ schemaVersion: 3, bytes: Buffer.from('ink') })).toBe(true);
  expect([late.resources(), late.layers(), await late.usage?.()]).toEqual([{}, [], unknownUsage]);
  expect(await late.stop(over, soon())).toEqual([]);
});

test('a plugin whose program nothing confines is not measured', () => {
  expect(new LateIsolate('strict', 'it may do what it likes', () => Promise.reject(new Error('never')))).toMatchObject({
    unconfined: 'it may do what it likes',
  });
  expect(new LateIsolate('strict', 'it may do what it likes', () => Promise.reject(new Error('never'))).usage).toBe(
    undefined,
  );
});

test('a plugin that has no start of its own is started by being there', async () => {
  const plugin = await run(
    saying([{ method: { name: 'do' } }], {
      Start: failing(12, 'no such method'),
      ...answering(() => ({ json: Buffer.from('"done"') })),
    }),
  );
  expect(await call(plugin, {})).toBe('done');
});

test('a range of states that was left open is that of its version', async () => {
  const Initialize = (_: unknown, tell: sendUnaryData<InitializeResponse>): void =>
    tell(null, { registrations: [], state: { version: 4, oldest: 0, returnsTo: 0 } });
  const { endpoint } = await listen({ ...pluginService({}), Initialize });
  const { isolate, start } = await hold(async () => endpoint);
  expect((await isolate.load(start)).state).toEqual({ version: 4, oldest: 4, returnsTo: 4 });
});
