import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { get as getSecurely } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseRuntimeConfig } from '@hotswap/runtime';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openListener } from './http-listener.ts';
import type { RequestListener } from './http-listener.ts';

const { server: config } = parseRuntimeConfig('', { format: 'toml', file: 'none.toml', cwd: '/' }).config;
const anyPort = { host: '127.0.0.1', port: 0 };

async function open(onRequest: RequestListener, bind = anyPort) {
  const listener = await openListener({ bind, config, onRequest });
  onTestFinished(() => listener.close(AbortSignal.abort()));
  return listener;
}

/** A handler that holds its answers back, and what tells that one has come. */
function holding() {
  const { promise: arrived, resolve } = Promise.withResolvers<ServerResponse>();
  return { arrived, onRequest: (_request: IncomingMessage, response: ServerResponse) => resolve(response) };
}

test('says where it listens, with the port it was given', async () => {
  const { url } = await open((_request, response) => void response.end('hello'));
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
  expect(await (await fetch(url)).text()).toBe('hello');
});

test('answers what has begun before it is closed, and ends the connection with the answer', async () => {
  const { arrived, onRequest } = holding();
  const { url, close } = await open(onRequest);
  const agent = new Agent({ keepAlive: true });
  const request = get(url, { agent });
  const response = await arrived;
  const closed = close(AbortSignal.timeout(5_000));
  response.end('done');
  const [answer]: IncomingMessage[] = await once(request, 'response');
  expect((await answer!.toArray()).join('')).toBe('done');
  expect(answer!.headers.connection).toBe('close');
  await closed;
  agent.destroy();
  await expect(fetch(url)).rejects.toThrow();
});

test('does not wait for connections that carry no request', async () => {
  const { url, close } = await open((_request, response) => response.end());
  const agent = new Agent({ keepAlive: true });
  const [answer]: IncomingMessage[] = await once(get(url, { agent }), 'response');
  await answer!.resume().toArray();
  const start = performance.now();
  await close(AbortSignal.timeout(5_000));
  expect(performance.now() - start).toBeLessThan(2_000);
  agent.destroy();
});

test('cuts off what is left when the time is up', async () => {
  const { arrived, onRequest } = holding();
  const { url, close } = await open(onRequest);
  const answer = fetch(url).catch((error: unknown) => error);
  await arrived;
  const limit = new AbortController();
  const closed = close(limit.signal);
  limit.abort();
  await closed;
  expect(await answer).toBeInstanceOf(TypeError);
});

test('names the address that another program has', async () => {
  const taken = await open(() => {});
  const port = Number(new URL(taken.url).port);
  const second = openListener({ bind: { host: '127.0.0.1', port }, config, onRequest: () => {} });
  await expect(second).rejects.toMatchObject({
    code: 'PORT_IN_USE',
    message: expect.stringContaining(String(port)),
  });
});

test('says why an address cannot be listened on', async () => {
  const foreign = openListener({ bind: { host: '203.0.113.9', port: 0 }, config, onRequest: () => {} });
  await expect(foreign).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
});

describe('with certificates', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hotswap-certificates-'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const onRequest: RequestListener = (_request, response) => void response.end('hello');
  const openWith = (file: string) =>
    openListener({ bind: anyPort, config: { ...config, tls: { cert: file, key, ca: undefined } }, onRequest });

  beforeAll(() => {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '1', '-nodes'];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    execFileSync('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  test('answers https with the files that the config names', async () => {
    const listener = await openWith(cert);
    onTestFinished(() => listener.close(AbortSignal.abort()));
    const request = getSecurely(listener.url, { ca: readFileSync(cert), agent: false });
    const [answer]: IncomingMessage[] = await once(request, 'response');
    expect((await answer!.toArray()).join('')).toBe('hello');
  });

  test.each([
    ['that is missing', join(folder, 'nowhere.pem'), /nowhere\.pem/],
    ['that is no certificate', key, /PEM/],
  ])('says what is wrong with a file %s', async (_, file, problem) => {
    await expect(openWith(file)).rejects.toMatchObject({
      code: 'TLS_FILES_UNUSABLE',
      message: expect.stringMatching(problem),
    });
  });
});
