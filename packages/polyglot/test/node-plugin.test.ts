import { appendFileSync, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Client, credentials, status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { startHost, writeNodeGreeter } from './running-host.ts';
import { temporaryFolder } from './toolchains.ts';
import { services } from '../src/wire/services.ts';

const folder = temporaryFolder();
const greeter = writeNodeGreeter(folder, 'greeter');
const keeping = writeNodeGreeter(folder, 'keeping', { manifest: { swap: 'exclusive' } });

test('a plugin in a process of its own answers methods and routes', async () => {
  const { runtime } = await startHost();
  await runtime.load(keeping);
  expect(await runtime.invoke('keeping', 'greet', { name: 'Ada' })).toEqual({ text: 'Hello, Ada!', count: 1 });
  const response = await runtime.fetch(new Request('http://host.test/hello/Bob%20B'));
  expect(await response.text()).toBe('Hello, Bob B!');
  expect(response.headers.get('x-served-by')).toBe('node');
});

test('with mtls both sides show certificates made for this start', async () => {
  const { runtime } = await startHost();
  await runtime.load(
    writeNodeGreeter(folder, 'shown', { manifest: { swap: 'exclusive' }, executable: { mtls: true } }),
  );
  expect(await runtime.invoke('shown', 'greet', { name: 'Ada' })).toMatchObject({ text: 'Hello, Ada!' });
  const environment = await runtime.invoke('shown', 'environment');
  expect(environment).toMatchObject({ PLUGIN_CLIENT_CERT: expect.stringContaining('BEGIN CERTIFICATE') });
});

test('bodies of any size go both ways; a route that does not stream refuses more than 1 MB', async () => {
  const { runtime } = await startHost();
  await runtime.load(keeping);
  const body = 'abc'.repeat(2_000_000);
  const post = (path: string): Promise<Response> =>
    Promise.resolve(runtime.fetch(new Request(`http://host.test${path}`, { method: 'POST', body })));
  const upper = await post('/upper');
  expect(await upper.text()).toBe(body.toUpperCase());
  const echo = await post('/echo');
  expect(echo.status).toBe(413);
  await echo.text();
});

test('a swap carries the state over, whatever its size, and the old process ends', async () => {
  const { runtime } = await startHost();
  await runtime.load(keeping);
  await runtime.invoke('keeping', 'greet', { name: 'Ada' });
  const pid = Number(await runtime.invoke('keeping', 'pid'));
  const report = await runtime.reload('keeping');
  expect(report.outcome).toBe('swapped');
  expect(await runtime.invoke('keeping', 'greet', { name: 'Ada' })).toMatchObject({ count: 2 });
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('what it writes to stderr is its log, with level and fields', async () => {
  const { runtime, logged } = await startHost();
  await runtime.load(keeping);
  expect(await logged('initialised')).toMatchObject({ level: 'warn', fields: { greeting: 'Hello', stream: 'stderr' } });
  expect(await logged('a plain line')).toMatchObject({ level: 'info' });
});

test('it finds nothing of the host in its environment', async () => {
  process.env['A_SECRET_OF_THE_HOST'] = 'secret';
  const { runtime } = await startHost();
  await runtime.load(keeping);
  const environment = await runtime.invoke('keeping', 'environment');
  delete process.env['A_SECRET_OF_THE_HOST'];
  expect(Object.keys(environment as object)).not.toContain('A_SECRET_OF_THE_HOST');
});

test('a crash settles the call under way with the exit code and the last lines', async () => {
  const { runtime, logged } = await startHost();
  await runtime.load(keeping);
  const hanging = Promise.resolve(runtime.invoke('keeping', 'hang')).catch((error: unknown) => error);
  await logged('hangs');
  const crash = Promise.resolve(runtime.invoke('keeping', 'crash'));
  await expect(crash).rejects.toMatchObject({ code: 'ISOLATE_EXITED' });
  expect(await hanging).toMatchObject({
    code: 'ISOLATE_EXITED',
    details: { exitCode: 3, reason: 'it exited with code 3', lastLines: expect.arrayContaining(['the last words']) },
  });
  expect((await logged('the last lines before it ended')).fields).toMatchObject({
    last_lines: expect.arrayContaining(['the last words']),
  });
});

test('a call that is given up here is given up there', async () => {
  const { runtime, logged } = await startHost();
  await runtime.load(keeping);
  const controller = new AbortController();
  const hanging = Promise.resolve(runtime.invoke('keeping', 'hang', undefined, { signal: controller.signal })).catch(
    (error: unknown) => error,
  );
  await logged('hangs');
  controller.abort(new Error('enough'));
  await logged('let go');
  await hanging;
});

test('an error keeps its code and the words of the plugin', async () => {
  const { runtime } = await startHost();
  await runtime.load(keeping);
  const failed = Promise.resolve(runtime.invoke('keeping', 'fail'));
  await expect(failed).rejects.toThrow('as it was told to');
  await expect(Promise.try(() => runtime.invoke('keeping', 'nothing'))).rejects.toMatchObject({
    code: 'METHOD_UNKNOWN',
  });
});

test('a plugin that refuses its config does not start, and says why', async () => {
  const { runtime } = await startHost();
  const report = await runtime.load(keeping, { config: { greeting: 'refuse' } });
  expect(report.outcome).toBe('failed');
  expect(JSON.stringify(report.reason)).toContain('this greeting is refused');
});

test('a plugin that says that it is ill does not take over', async () => {
  const { runtime } = await startHost();
  const report = await runtime.load(keeping, { config: { greeting: 'ill' } });
  expect(report).toMatchObject({ outcome: 'failed' });
  expect(JSON.stringify(report.reason)).toContain('it feels ill');
});

test('a state asks for an exclusive swap here too', async () => {
  const { runtime } = await startHost();
  expect((await runtime.load(greeter)).reason).toMatchObject({ code: 'STATE_NEEDS_EXCLUSIVE' });
});

test('a program that was changed after it was checked is not started', async () => {
  const changing = writeNodeGreeter(folder, 'changing', { manifest: { swap: 'exclusive' } });
  const before = (): void => appendFileSync(join(changing, 'run'), '# more\n');
  const { runtime } = await startHost({ hooks: { before } });
  expect((await runtime.load(changing)).reason).toMatchObject({ code: 'PLUGIN_FOLDER_CHANGED' });
});

test('nothing is left of it on disk, and its socket is for its host alone', async () => {
  const { runtime } = await startHost();
  await runtime.load(keeping);
  const { TMPDIR: place = '' } = (await runtime.invoke('keeping', 'environment')) as Readonly<Record<string, string>>;
  const [socket = ''] = readdirSync(place).filter((name) => name.endsWith('.sock'));
  expect([statSync(place).mode & 0o777, statSync(join(place, socket)).mode & 0o777]).toEqual([0o700, 0o600]);
  await runtime.unload('keeping');
  expect(existsSync(place)).toBe(false);
});

test('a plugin of this kind lets in nobody without the token of its start', async () => {
  const { runtime } = await startHost();
  await runtime.load(keeping);
  const { TMPDIR: place = '' } = (await runtime.invoke('keeping', 'environment')) as Readonly<Record<string, string>>;
  const [socket = ''] = readdirSync(place).filter((name) => name.endsWith('.sock'));
  const stranger = new Client(`unix:${join(place, socket)}`, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = services().plugin.HealthCheck;
  const { promise, resolve } = Promise.withResolvers<unknown>();
  stranger.makeUnaryRequest(path, requestSerialize, responseDeserialize, {}, (error) => resolve(error?.code));
  expect(await promise).toBe(status.UNAUTHENTICATED);
  stranger.close();
});
