import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HotResponse } from '@hotswap/protocol/http';
import { listen } from './listen.ts';
import { createNodeListener } from './node-listener.ts';
import { dispatchTo, eventually, serveEdge } from './testing/edge-server.ts';

const hello = createNodeListener(dispatchTo(({ url }) => new HotResponse(url)));

describe('listen', () => {
  it('says which port is in use', async () => {
    await using edge = await serveEdge(() => undefined);
    const { port } = edge.listening;
    await expect(listen(hello, { port })).rejects.toMatchObject({ code: 'PORT_IN_USE', details: { port } });
  });

  it('says why it cannot listen', async () => {
    await expect(listen(hello, { port: 0, host: '192.0.2.1' })).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
  });

  it('answers 431 to a head that is too large and 414 to a target that is too long', async () => {
    await using edge = await serveEdge(() => new HotResponse('never'));
    const head = await edge.send(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`);
    expect(head).toMatch(/^HTTP\/1.1 431 /);
    expect(await edge.send(`GET /${'x'.repeat(9_000)} HTTP/1.1\r\nHost: a\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 414 [^]*URL_TOO_LONG/,
    );
    expect(edge.ledger.opened).toBe(0);
  });

  it('lets idle connections go at once and requests in flight finish', async () => {
    const answer = Promise.withResolvers<HotResponse>();
    await using edge = await serveEdge(({ target }) => (target === '/slow' ? answer.promise : new HotResponse('idle')));
    const idle = await edge.open();
    idle.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await idle.until('idle');
    const busy = await edge.open();
    busy.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await eventually(() => edge.ledger.opened === 2);
    const closed = edge.listening.close();
    await idle.rest();
    await expect(edge.open()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    answer.resolve(new HotResponse('finished'));
    expect(await busy.rest()).toMatch(/connection: close[^]*finished/i);
    await closed;
  });

  it('lets a stream finish whose head was out before the close', async () => {
    const last = Promise.withResolvers<string>();
    async function* parts() {
      yield 'first';
      yield await last.promise;
    }
    await using edge = await serveEdge(() => new HotResponse(parts()));
    const client = await edge.open();
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until('first');
    const closed = edge.listening.close();
    last.resolve('last');
    expect(await client.rest()).toContain('last');
    await closed;
  });

  it('cuts off what is left after the grace, or when told to', async () => {
    for (const options of [{ graceMs: 10 }, { signal: AbortSignal.abort() }]) {
      await using edge = await serveEdge(() => new Promise<HotResponse>(() => {}));
      const client = await edge.open();
      client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await eventually(() => edge.ledger.opened === 1);
      await edge.listening.close(options);
      expect(await client.rest()).toBe('');
      await eventually(() => edge.ledger.aborted.length === 1);
    }
  });

  it('listens on all interfaces when the host is empty', async () => {
    const listening = await listen(hello, { port: 0, host: '' });
    expect(await (await fetch(`http://127.0.0.1:${listening.port}/x`)).text()).toContain('/x');
    expect(listening.url).toBe(`http://localhost:${listening.port}`);
    await Promise.all([listening.close(), listening.close()]);
  });
});

describe('listen with TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hotswap-tls-'));
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];

  beforeAll(() => {
    const what = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-subj', '/CN=localhost', '-days', '1'];
    execFileSync('openssl', ['req', '-x509', '-nodes', ...what, '-keyout', keyFile, '-out', certFile], {
      stdio: 'ignore',
    });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('serves https from TLS 1.2 on', async () => {
    const [key, cert] = [readFileSync(keyFile), readFileSync(certFile)];
    const listening = await listen(hello, { port: 0, tls: { key, cert } });
    const trusting = { ca: cert, servername: 'localhost', agent: false as const };
    const sent = httpsRequest(`${listening.url}/secure`, trusting).end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    let text = '';
    for await (const part of answer) text += part;
    expect(text).toBe(`${listening.url}/secure`);
    const old = httpsRequest(listening.url, { ...trusting, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' }).end();
    const [error] = (await once(old, 'error')) as [Error];
    expect(error.message).toMatch(/protocol|version/i);
    await listening.close({ graceMs: 0 });
  });
});
