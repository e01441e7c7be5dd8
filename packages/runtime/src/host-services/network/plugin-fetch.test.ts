import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { PluginConnections } from './plugin-connections.ts';
import type { PluginConnectionsOptions } from './plugin-connections.ts';
import { createPluginFetch } from './plugin-fetch.ts';

const run = promisify(execFile);
const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

async function serve(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(() => (server.closeAllConnections(), server.close()));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function networkOf(network: readonly string[], options: Partial<PluginConnectionsOptions> = {}) {
  const generation = new AbortController();
  cleanUps.push(() => generation.abort());
  const { signal = generation.signal } = options;
  const connections = new PluginConnections({ ...options, signal });
  return { fetch: createPluginFetch({ plugin: 'a', network, signal, connections }), connections };
}

function fetchOf(network: readonly string[], options: Partial<PluginConnectionsOptions> = {}) {
  return networkOf(network, options).fetch;
}

function refusalOf(network: readonly string[], url: string, addresses: readonly string[] = ['93.184.216.34']) {
  return fetchOf(network, { resolve: async () => addresses })(url).then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("a plugin's fetch", () => {
  it('reaches what the manifest lists, with method, headers and body', async () => {
    const host = await serve(async (request, response) => {
      const body = await request.toArray();
      response.end(`${request.method} ${request.headers['x-a']} ${body.join('')}`);
    });
    const fetch = fetchOf([host]);
    const answer = await fetch(`http://${host}/`, { method: 'POST', headers: { 'x-a': '1' }, body: 'text' });
    expect(await answer.text()).toBe('POST 1 text');
    const request = new Request(`http://${host}/`, { method: 'PUT', headers: { 'x-a': '2' }, body: 'more' });
    expect(await (await fetch(request)).text()).toBe('PUT 2 more');
  });

  it('names the entry that the manifest would need', async () => {
    expect(await refusalOf([], 'https://api.example.com/v1')).toMatchObject({
      code: 'CAPABILITY_MISSING',
      message: expect.stringContaining('api.example.com:443'),
    });
    expect(await refusalOf(['api.example.com:443'], 'http://api.example.com/')).toMatchObject({
      code: 'CAPABILITY_MISSING',
    });
    expect(await refusalOf(['example.com:443'], 'https://evil-example.com/')).toMatchObject({
      code: 'CAPABILITY_MISSING',
    });
    expect(await refusalOf(['example.com:443'], 'https://example.com:443@evil.com/')).toMatchObject({
      code: 'CAPABILITY_MISSING',
    });
    expect(await refusalOf(['example.com:443'], 'https://example.com./')).toMatchObject({ code: 'CAPABILITY_MISSING' });
    expect(await refusalOf([], 'https://[2606:4700::1]/')).toMatchObject({
      message: expect.stringContaining('[2606:4700::1]:443'),
    });
  });

  it('refuses schemes that reach no host', async () => {
    for (const url of ['data:text/plain,x', 'file:///etc/passwd', 'blob:x']) {
      expect(await refusalOf([], url)).toMatchObject({ code: 'NETWORK_SCHEME_REFUSED' });
    }
  });

  it('refuses a listed name that leads inside, whichever of its addresses does', async () => {
    const inside = await refusalOf(['api.example.com:443'], 'https://api.example.com/', [
      '93.184.216.34',
      '169.254.169.254',
    ]);
    expect(inside).toMatchObject({ code: 'NETWORK_ADDRESS_REFUSED', details: { address: '169.254.169.254' } });
    expect(await refusalOf(['api.example.com:443'], 'https://api.example.com/', [])).toMatchObject({
      code: 'NETWORK_HOST_UNKNOWN',
    });
  });

  it('resolves with the machine when it is told nothing else', async () => {
    await expect(fetchOf(['nowhere.invalid:80'])('http://nowhere.invalid/')).rejects.toMatchObject({
      code: 'NETWORK_HOST_UNKNOWN',
    });
  });

  it('reaches an inner address only by an entry that is that address, however it is written', async () => {
    expect(await refusalOf(['example.com:80'], 'http://2130706433/')).toMatchObject({
      code: 'CAPABILITY_MISSING',
      message: expect.stringContaining('127.0.0.1:80'),
    });
  });

  it('follows redirects inside the list, and no further', async () => {
    const target = await serve((request, response) =>
      response.end(`got ${request.method} ${request.headers.authorization}`),
    );
    const start = await serve((_, response) => response.writeHead(302, { location: `http://${target}/` }).end());
    const init = { method: 'POST', body: 'x', headers: { authorization: 'secret' } };
    const answer = await fetchOf([start, target])(`http://${start}/`, init);
    expect(await answer.text()).toBe('got GET undefined');
    await expect(fetchOf([start])(`http://${start}/`, init)).rejects.toMatchObject({
      code: 'CAPABILITY_MISSING',
      message: expect.stringContaining(target),
    });
    const manual = await fetchOf([start])(`http://${start}/`, { redirect: 'manual' });
    expect(manual.status).toBe(302);
  });

  it('sends text again after a 307 and refuses to do so with a stream', async () => {
    const target = await serve(async (request, response) => void response.end((await request.toArray()).join('')));
    const start = await serve((_, response) => response.writeHead(307, { location: `http://${target}/` }).end());
    const fetch = fetchOf([start, target]);
    expect(await (await fetch(`http://${start}/`, { method: 'POST', body: 'again' })).text()).toBe('again');
    const body = new Blob(['once']).stream();
    await expect(fetch(`http://${start}/`, { method: 'POST', body })).rejects.toMatchObject({
      code: 'NETWORK_BODY_SPENT',
    });
  });

  it('gives up on a circle of redirects', async () => {
    const host = await serve((_, response) => response.writeHead(302, { location: '/' }).end());
    await expect(fetchOf([host])(`http://${host}/`)).rejects.toMatchObject({ code: 'NETWORK_TOO_MANY_REDIRECTS' });
  });

  it('ends with the generation, and with the signal of the call', async () => {
    const host = await serve(() => {});
    const [generation, call] = [new AbortController(), new AbortController()];
    const fetch = fetchOf([host], { signal: generation.signal });
    const first = expect(fetch(`http://${host}/`, { signal: call.signal })).rejects.toThrow('call');
    const second = expect(fetch(new Request(`http://${host}/`))).rejects.toThrow('generation');
    call.abort(new Error('call'));
    await first;
    generation.abort(new Error('generation'));
    await second;
  });

  it('checks a host again for each connection, and dials nothing else', async () => {
    const inside = await serve((_, response) => response.end('inside'));
    const entry = `rebinding.example:${inside.split(':')[1]}`;
    const asked: string[] = [];
    const resolve = async (host: string) => (asked.push(host), ['127.0.0.1']);
    const fetch = fetchOf([entry], { resolve });
    for (const _ of [1, 2]) {
      await expect(fetch(`http://${entry}/`)).rejects.toMatchObject({ code: 'NETWORK_ADDRESS_REFUSED' });
    }
    expect(asked).toEqual(['rebinding.example', 'rebinding.example']);
  });

  it('speaks to the host in the address, whatever the headers say', async () => {
    const host = await serve((request, response) => response.end(request.headers.host));
    const answer = await fetchOf([host])(`http://${host}/`, { headers: { host: 'another.example' } });
    expect(await answer.text()).toBe(host);
  });

  it('reaches the local machine by its name where that is listed, without asking for it', async () => {
    const host = await serve((_, response) => response.end('local'));
    const entry = host.replace('127.0.0.1', 'localhost');
    const resolve = async () => expect.unreachable('localhost was looked up');
    expect(await (await fetchOf([entry], { resolve })(`http://${entry}/`)).text()).toBe('local');
  });

  it('counts what it sent and received', async () => {
    const host = await serve(async (request, response) =>
      response.end('x'.repeat((await request.toArray()).join('').length * 2)),
    );
    const { fetch, connections } = networkOf([host]);
    expect(connections).toMatchObject({ sentBytes: 0, receivedBytes: 0 });
    await (await fetch(`http://${host}/`, { method: 'POST', body: 'y'.repeat(5000) })).text();
    expect(connections.sentBytes).toBeGreaterThan(5000);
    expect(connections.sentBytes).toBeLessThan(6000);
    expect(connections.receivedBytes).toBeGreaterThan(10_000);
    expect(connections.receivedBytes).toBeLessThan(11_000);
  });

  it('loads its client with the first fetch, and not with the runtime', async () => {
    const program = `
      const cached = () => Object.keys(process.getBuiltinModule('node:module')._cache).some((file) => file.includes('/undici/'));
      await import('@hotswap/runtime');
      const before = cached();
      const { createCheckedDispatcher } = await import('@hotswap/sandbox/egress');
      await createCheckedDispatcher(async () => []);
      console.log(before, cached());`;
    const { stdout } = await run(process.execPath, [
      '--conditions=@hotswap/source',
      '--input-type=module',
      '-e',
      program,
    ]);
    expect(stdout).toBe('false true\n');
  });
});
