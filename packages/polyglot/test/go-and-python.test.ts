import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { nodeGreeter, startHost } from './running-host.ts';
import {
  buildGoGreeter,
  buildGoHost,
  describeUnless,
  pythonGreeter,
  temporaryFolder,
  withoutGo,
  withoutPython,
  withoutSandbox,
} from './toolchains.ts';

const run = promisify(execFile);
const folder = temporaryFolder();
const unconfinable = await withoutSandbox();
const large = 'abc'.repeat(1_000_000);

describeUnless(withoutPython, 'a plugin in Python', () => {
  test('answers methods, routes and streams, stands in front of routes, and keeps its state over a swap', async () => {
    const { runtime, logged } = await startHost();
    await runtime.load(pythonGreeter, { config: { greeting: 'Salve' } });
    expect(await runtime.invoke('python-greeter', 'greet', { name: 'Ada' })).toEqual({ text: 'Salve, Ada!', count: 1 });
    const hello = await runtime.fetch(new Request('http://host.test/hello/Bob'));
    expect([hello.status, await hello.text()]).toEqual([200, 'Salve, Bob!']);
    expect(hello.headers.get('x-python')).toHaveLength(8);
    const refused = await runtime.fetch(
      new Request('http://host.test/hello/Bob', { headers: { 'x-unwelcome': 'yes' } }),
    );
    expect(refused.status).toBe(403);
    const upper = await runtime.fetch(new Request('http://host.test/upper', { method: 'POST', body: large }));
    expect(await upper.text()).toBe(large.toUpperCase());
    expect((await runtime.reload('python-greeter')).outcome).toBe('swapped');
    expect(await runtime.invoke('python-greeter', 'greet', { name: 'Ada' })).toMatchObject({ count: 3 });
    expect((await logged('greeter initialised')).fields).toMatchObject({ greeting: 'Salve' });
  });

  test('tells failures by code', async () => {
    const { runtime } = await startHost();
    await runtime.load(pythonGreeter);
    const failed = Promise.resolve(runtime.invoke('python-greeter', 'greet', { name: '' }));
    await expect(failed).rejects.toMatchObject({ cause: { code: 'GREETING_NAME_MISSING', kind: 'invalid' } });
  });
});

describeUnless(withoutPython ?? unconfinable, 'a plugin in Python in a sandbox', () => {
  test('runs behind every layer', async () => {
    const { runtime, logged } = await startHost({ isolation: 'sandbox' });
    expect((await runtime.load(pythonGreeter)).reason).toBeUndefined();
    expect(await runtime.invoke('python-greeter', 'greet', { name: 'Ada' })).toMatchObject({ text: 'Hello, Ada!' });
    expect((await logged('greeter initialised')).fields).toMatchObject({ isolation: 'sandbox' });
  });
});

describeUnless(withoutGo, 'a plugin that go-plugin serves', () => {
  const goGreeter = withoutGo === undefined ? buildGoGreeter(folder) : '';

  test('answers methods, routes and streams, and stands in front of routes', async () => {
    const { runtime, logged } = await startHost();
    await runtime.load(goGreeter, { config: { greeting: 'Hallo' } });
    expect(await runtime.invoke('go-greeter', 'greet', { name: 'Ada' })).toEqual({ text: 'Hallo, Ada!', count: 1 });
    const hello = await runtime.fetch(new Request('http://host.test/go-hello/Bob'));
    expect([await hello.text(), hello.headers.get('x-go')]).toEqual(['Hallo, Bob!', 'go-plugin']);
    const upper = await runtime.fetch(new Request('http://host.test/go-upper', { method: 'POST', body: large }));
    expect(await upper.text()).toBe(large.toUpperCase());
    expect((await logged('greeter initialised')).fields).toMatchObject({ '@module': 'greeter', greeting: 'Hallo' });
    expect((await runtime.reload('go-greeter')).outcome).toBe('swapped');
    await logged('greeter ends');
  });

  test.skipIf(unconfinable !== undefined && process.env['CI'] !== 'true')(
    `runs in a sandbox${unconfinable === undefined ? '' : ` (skipped: ${unconfinable})`}`,
    async () => {
      const { runtime } = await startHost({ isolation: 'sandbox' });
      expect((await runtime.load(goGreeter)).reason).toBeUndefined();
      expect(await runtime.invoke('go-greeter', 'greet', { name: 'Ada' })).toMatchObject({ text: 'Hello, Ada!' });
    },
  );
});

describeUnless(withoutGo, 'a host that is written with go-plugin', () => {
  const goHost = withoutGo === undefined ? buildGoHost(folder) : '';
  const answer = { text: 'Hi, Ada!', unknown: 'METHOD_UNKNOWN', echoed: 4_194_304, exited: true };
  const launch = async (...command: readonly string[]): Promise<unknown> => {
    const { stdout } = await run(goHost, command, { timeout: 15_000 });
    return JSON.parse(stdout);
  };

  test('launches a plugin that is written for Node', async () => {
    expect(await launch('plain', ...nodeGreeter)).toEqual(answer);
  });

  test('launches it with automatic mTLS', async () => {
    expect(await launch('mtls', ...nodeGreeter)).toEqual(answer);
  });

  test.skipIf(withoutPython !== undefined && process.env['CI'] !== 'true')(
    `launches a plugin in Python${withoutPython === undefined ? '' : ` (skipped: ${withoutPython})`}`,
    async () => {
      expect(await launch('plain', '/usr/bin/python3', '-B', `${pythonGreeter}/main.py`)).toEqual(answer);
      expect(await launch('mtls', '/usr/bin/python3', '-B', `${pythonGreeter}/main.py`)).toEqual(answer);
    },
  );
});
