import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Isolate, IsolateStart } from '@hotswap/runtime';
import { expect, test } from 'vitest';
import { LateIsolate } from '../src/late-isolate.ts';

const run = promisify(execFile);

test('gRPC is loaded with the first plugin that needs it, and not with the dialect', async () => {
  const script = `
    const isLoaded = () => Object.keys(process.getBuiltinModule('node:module')._cache).some((file) => file.includes('/@grpc/'));
    const { grpcDialect } = await import('@hotswap/polyglot');
    const isolate = grpcDialect().isolate({
      manifest: { name: 'absent' }, executable: { protocol: 'grpc', command: ['absent'] }, level: 'basic',
    });
    const before = isLoaded();
    const start = { manifest: { name: 'absent' }, program: { type: 'executable', root: '/nowhere', content: '' } };
    await isolate.load(start).catch(() => {});
    console.log(before, isLoaded());`;
  const { stdout } = await run(
    process.execPath,
    ['--conditions=@hotswap/source', '--input-type=module', '--eval', script],
    { cwd: import.meta.dirname, timeout: 15_000 },
  );
  expect(stdout.trim()).toBe('false true');
});

test('a plugin that was stopped before gRPC was there is never started', async () => {
  const { promise: made, resolve } = Promise.withResolvers<Isolate>();
  const given: string[] = [];
  const isolate = new LateIsolate('basic', undefined, () => made);
  const loaded = isolate.load({} as IsolateStart);
  expect(await isolate.stop(new Error('over'), AbortSignal.abort())).toEqual([]);
  const inner: Pick<Isolate, 'stop' | 'load'> = {
    stop: async ({ message }) => (given.push(message), []),
    load: () => Promise.reject(new Error('it was stopped')),
  };
  resolve(inner as Isolate);
  await expect(loaded).rejects.toThrow('it was stopped');
  expect(given).toEqual(['over']);
});
