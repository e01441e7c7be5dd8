import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import type { EgressProxy } from '../egress-proxy.ts';
import { ProxyGround } from '../fixtures/proxy-ground.ts';
import { selfSigned } from '../fixtures/self-signed.ts';
import { tunnelText } from './tunnel-connections.ts';

const ground = new ProxyGround();
afterEach(() => ground.close());

const fromHere = createRequire(import.meta.url);
const noNames = `for (const dns of [require('node:dns'), require('node:dns').promises]) {
  for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6']) dns[name] = () => { throw new Error('a name was looked up'); };
}\n`;

/** Runs the body of an async function in a process of its own that knows no names. What it returned. */
async function runInside(proxy: EgressProxy | { readonly socketPath: string }, body: string): Promise<unknown> {
  const folder = await ground.folder();
  const [preload, program] = [join(folder, 'preload.cjs'), join(folder, 'program.cjs')];
  const source = body.replaceAll(/require\('(pg|ioredis|undici)'\)/g, (_, name: string) => {
    return `require(${JSON.stringify(fromHere.resolve(name))})`;
  });
  await writeFile(preload, tunnelText(proxy.socketPath) + noNames);
  await writeFile(
    program,
    `const { once } = require('node:events');
     (async () => {${source}})().then(
       (value) => process.stdout.write(JSON.stringify(value), () => process.exit()),
       (error) => process.stdout.write(JSON.stringify({ thrown: String(error.stack) }), () => process.exit()),
     );`,
  );
  const child = spawn(process.execPath, ['--require', preload, program], { stdio: ['ignore', 'pipe', 'inherit'] });
  ground.undo(() => child.kill('SIGKILL'));
  return JSON.parse(await text(child.stdout));
}

/** Whether something listens on a port of this machine. */
async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(2000) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

const isRequired = process.env['CI'] === 'true';
const hasPostgres = await isListening(5432);
const hasRedis = await isListening(6379);

describe('a process whose connections are tunnelled', () => {
  it('reaches what is listed with node:http, fetch and undici, and looks up no name', async () => {
    const port = await ground.listen(
      createHttpServer(async (request, response) => response.end(`${request.method} ${await text(request)}`)),
    );
    const proxy = await ground.proxy({ entries: [`localhost:${port}`] });
    const answers = await runInside(
      proxy,
      `const url = 'http://localhost:${port}/';
       const request = require('node:http').request(url, { method: 'PUT' }).end('one');
       const [answer] = await once(request, 'response');
       const first = (await answer.toArray()).join('');
       const second = await (await fetch(url, { method: 'POST', body: 'two' })).text();
       const third = await (await require('undici').request(url, { method: 'POST', body: 'three' })).body.text();
       return [first, second, third];`,
    );
    expect(answers).toEqual(['PUT one', 'POST two', 'POST three']);
    expect(proxy.counts).toMatchObject({ refused: 0 });
    expect(proxy.counts.sentBytes).toBeGreaterThan(200);
  });

  it('is told in the error what to list', async () => {
    const proxy = await ground.proxy();
    const answer = await runInside(
      proxy,
      `const socket = require('node:net').connect(443, 'api.example.com');
       const [error] = await once(socket, 'error');
       const { cause } = await fetch('https://[2606:4700::1]/').catch((error) => error);
       const secure = require('node:tls').connect({ port: 5433, host: 'db.example.com' });
       const [last] = await once(secure, 'error');
       return [error.code, error.host, error.message, cause.code, cause.message, last.code, last.message];`,
    );
    expect(answer).toEqual([
      'EACCES',
      'api.example.com',
      expect.stringContaining('"api.example.com:443"'),
      'EACCES',
      expect.stringContaining('"[2606:4700::1]:443"'),
      'EACCES',
      expect.stringContaining('"db.example.com:5433"'),
    ]);
    expect(ground.refusals.map(({ entry }) => entry)).toEqual([
      'api.example.com:443',
      '[2606:4700::1]:443',
      'db.example.com:5433',
    ]);
  });

  it('speaks TLS to the server it was listed for, and to no other behind the same address', async () => {
    const { key, cert } = await selfSigned();
    const port = await ground.listen(createHttpsServer({ key, cert }, (_, response) => response.end('secret')));
    const proxy = await ground.proxy({ entries: [`localhost:${port}`, `127.0.0.1:${port}`] });
    const answers = await runInside(
      proxy,
      `const [https, tls, ca] = [require('node:https'), require('node:tls'), ${JSON.stringify(cert)}];
       const get = async (options) => {
         const request = https.get({ port: ${port}, ca, agent: false, ...options });
         const [answer] = await once(request, 'response');
         return (await answer.toArray()).join('');
       };
       const { Agent, request } = require('undici');
       const dispatcher = new Agent({ connect: { ca } });
       const socket = tls.connect(${port}, 'localhost', { ca });
       await once(socket, 'secureConnect');
       return [
         await get({ host: 'localhost' }),
         await get({ host: '127.0.0.1' }),
         await (await request('https://localhost:${port}/', { dispatcher })).body.text(),
         socket.authorized,
         await get({ host: 'localhost', servername: 'another.example' }).catch((error) => error.message),
       ];`,
    );
    expect(answers).toEqual(['secret', 'secret', 'secret', true, expect.stringContaining('unrecognized name')]);
    expect(ground.refusals).toMatchObject([
      {
        code: 'SANDBOX_EGRESS_NAME_MISMATCH',
        entry: `localhost:${port}`,
        message: expect.stringContaining('another.example'),
      },
    ]);
  });

  it('keeps order, amount and half-closed sides of a plain connection', async () => {
    const port = await ground.listen(
      createServer({ allowHalfOpen: true }, (socket) => {
        const bytes: Buffer[] = [];
        socket.write('greeting\n');
        socket.on('data', (chunk: Buffer) => bytes.push(chunk)).on('end', () => socket.end(Buffer.concat(bytes)));
      }),
    );
    const proxy = await ground.proxy({ entries: [`127.0.0.1:${port}`] });
    const answer = await runInside(
      proxy,
      `const socket = require('node:net').connect({ port: ${port}, host: '127.0.0.1', allowHalfOpen: true });
       const events = [];
       for (const name of ['lookup', 'connect', 'ready']) socket.on(name, () => events.push(name));
       socket.write('early ');
       const body = Buffer.alloc(4_000_000, 'abcdefg');
       socket.once('connect', () => socket.end(body));
       const back = Buffer.concat(await socket.toArray());
       return [events, back.equals(Buffer.concat([Buffer.from('greeting\\nearly '), body])), socket.connecting];`,
    );
    expect(answer).toEqual([['connect', 'ready'], true, false]);
    expect(proxy.counts).toMatchObject({ sentBytes: 4_000_006, receivedBytes: 4_000_015 });
  });

  it('leaves unix sockets alone', async () => {
    const path = join(await ground.folder(), 'own.sock');
    const server = createServer((socket) => socket.end('own')).listen(path);
    ground.undo(() => server.close());
    const proxy = await ground.proxy();
    const body = `return (await require('node:net').connect(${JSON.stringify(path)}).toArray()).join('');`;
    expect(await runInside(proxy, body)).toBe('own');
  });

  it('learns that the proxy is gone', async () => {
    const body = `const [error] = await once(require('node:net').connect(80, 'example.com'), 'error'); return error.code;`;
    expect(await runInside({ socketPath: join(await ground.folder(), 'none.sock') }, body)).toBe('ENOENT');
  });

  it.skipIf(!hasPostgres && !isRequired)('runs pg (skipped where nothing listens on 5432)', async () => {
    const proxy = await ground.proxy({ entries: ['127.0.0.1:5432'] });
    const answer = await runInside(
      proxy,
      `const { Client } = require('pg');
       const client = new Client({ host: '127.0.0.1', port: 5432, user: 'postgres', database: 'postgres' });
       await client.connect();
       const { rows } = await client.query('select $1::int + 1 as sum', [41]);
       await client.end();
       return rows;`,
    );
    expect(answer).toEqual([{ sum: 42 }]);
  });

  it.skipIf(!hasRedis && !isRequired)('runs ioredis (skipped where nothing listens on 6379)', async () => {
    const proxy = await ground.proxy({ entries: ['localhost:6379'] });
    const answer = await runInside(
      proxy,
      `const { Redis } = require('ioredis');
       const redis = new Redis({ host: 'localhost', port: 6379 });
       const answer = await redis.ping('through');
       await redis.quit();
       return answer;`,
    );
    expect(answer).toBe('through');
  });
});
