import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createSandbox } from '../sandbox.ts';
import type { ConfinedProcess } from '../confined-process.ts';
import type { Sandbox } from '../sandbox.ts';
import { ProxyGround } from './fixtures/proxy-ground.ts';
import type { EgressRefusal } from './refusal.ts';
import { selfSigned } from './fixtures/self-signed.ts';

const modules = dirname(dirname(createRequire(import.meta.url).resolve('pg/package.json')));

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

const isAble = process.platform === 'linux' && process.getuid?.() === 0;
const isRequired = process.env['CI'] === 'true';
const [hasPostgres, hasRedis] = [await isListening(5432), await isListening(6379)];
const title = `the way out of a sandbox${isAble ? '' : ' (skipped: needs Linux and root)'}`;

describe.skipIf(!isAble && !isRequired)(title, () => {
  const ground = new ProxyGround();
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await createSandbox();
  });
  afterEach(() => ground.close());

  async function launch(body: string, egress: readonly string[] | undefined): Promise<ConfinedProcess> {
    const onRefused = (refusal: EgressRefusal): void => void ground.refusals.push(refusal);
    const folder = await ground.folder();
    const file = join(folder, 'program.cjs');
    await chmod(folder, 0o755);
    const source = body.replaceAll(/require\('(pg|ioredis|undici)'\)/g, (_, name: string) => {
      return `require(${JSON.stringify(join(modules, name))})`;
    });
    await writeFile(
      file,
      `const { once } = require('node:events');
       (async () => {${source}})().then(
         (value) => process.stdout.write(JSON.stringify(value), () => process.exit()),
         (error) => process.stdout.write(JSON.stringify({ thrown: String(error.stack) }), () => process.exit()),
       );`,
    );
    const confined = await sandbox.launch({
      program: { type: 'node', file },
      read: [modules],
      limits: { connections: 3 },
      ...(egress !== undefined && { egress, onRefused }),
    });
    ground.undo(() => confined.kill());
    confined.stderr.resume();
    return confined;
  }

  async function run(body: string, egress: readonly string[] | undefined): Promise<unknown> {
    return JSON.parse(await text((await launch(body, egress)).stdout));
  }

  async function secureServer(): Promise<{ readonly port: number; readonly cert: string }> {
    const { key, cert } = await selfSigned();
    return { cert, port: await ground.listen(createServer({ key, cert }, (_, response) => response.end('secret'))) };
  }

  it('is open to what is listed, for node:https and undici, and closed to the rest', async () => {
    const { port, cert } = await secureServer();
    const answer = await run(
      `const ca = ${JSON.stringify(cert)};
       const { Agent, request } = require('undici');
       const url = 'https://localhost:${port}/';
       const call = require('node:https').get(url, { ca });
       const [answer] = await once(call, 'response');
       const first = (await answer.toArray()).join('');
       const second = await (await request(url, { dispatcher: new Agent({ connect: { ca } }) })).body.text();
       const refused = await fetch('http://127.0.0.1:${port}/').catch(({ cause }) => [cause.code, cause.message]);
       return [first, second, refused];`,
      [`localhost:${port}`],
    );
    expect(answer).toEqual(['secret', 'secret', ['EACCES', expect.stringContaining(`"127.0.0.1:${port}"`)]]);
    expect(ground.refusals).toMatchObject([{ code: 'SANDBOX_EGRESS_NOT_LISTED', entry: `127.0.0.1:${port}` }]);
  });

  it('is not there where nothing is listed', async () => {
    const { port } = await secureServer();
    const body = `return await fetch('https://localhost:${port}/').catch(({ cause }) => cause.code);`;
    expect(await run(body, undefined)).toMatch(/^(ERR_ACCESS_DENIED|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EPERM)$/);
  });

  it('has room for as many connections as it was given', async () => {
    const { port } = await secureServer();
    const body = `const ask = async () => {
        const socket = require('node:net').connect(${port}, 'localhost');
        return await once(socket, 'connect').then(() => 'connected', (error) => error.refusal);
      };
      return [await ask(), await ask(), await ask(), await ask()];`;
    expect(await run(body, [`localhost:${port}`])).toEqual([...Array(3).fill('connected'), 'SANDBOX_EGRESS_TOO_MANY']);
  });

  it('can be opened later, and counts what went through', async () => {
    const { port, cert } = await secureServer();
    const confined = await launch(
      `const get = async () => {
         const call = require('node:https').get('https://localhost:${port}/', { ca: ${JSON.stringify(cert)} });
         const [answer] = await once(call, 'response');
         return (await answer.toArray()).join('');
       };
       const before = await get().catch((error) => error.code);
       process.stdout.write(before + '\\n');
       let after = before;
       while (after === before) after = await get().catch((error) => error.code);
       return after;`,
      [],
    );
    const [first] = await once(confined.stdout, 'data');
    expect(String(first)).toBe('EACCES\n');
    confined.allowNetwork([`localhost:${port}`]);
    expect(await text(confined.stdout)).toBe('"secret"');
    const { networkSentBytes, networkReceivedBytes } = await confined.usage();
    expect(networkSentBytes).toBeGreaterThan(100);
    expect(networkReceivedBytes).toBeGreaterThan(100);
  });

  it.skipIf(!hasPostgres && !isRequired)('leads pg to its server (skipped where nothing listens on 5432)', async () => {
    const answer = await run(
      `const { Client } = require('pg');
       const client = new Client({ host: '127.0.0.1', port: 5432, user: 'postgres', database: 'postgres' });
       await client.connect();
       const { rows } = await client.query('select $1::int + 1 as sum', [41]);
       await client.end();
       return rows;`,
      ['127.0.0.1:5432'],
    );
    expect(answer).toEqual([{ sum: 42 }]);
  });

  it.skipIf(!hasRedis && !isRequired)(
    'leads ioredis to its server (skipped where nothing listens on 6379)',
    async () => {
      const answer = await run(
        `const { Redis } = require('ioredis');
       const redis = new Redis({ host: 'localhost', port: 6379 });
       const answer = await redis.ping('through');
       await redis.quit();
       return answer;`,
        ['localhost:6379'],
      );
      expect(answer).toBe('through');
    },
  );
});
