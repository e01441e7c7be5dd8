import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Runtime } from '@hotswap/runtime';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeEachLevel, type Level } from './each-level.ts';
import { describeService } from './services.ts';
import { writePlugin } from './plugin-folder.ts';

const levels = ['none', 'basic', 'strict', 'sandbox', 'container'] as const;

/** A library in use: what a plugin does with it, and what must come of that at every level. */
interface Use {
  readonly packages: readonly string[];
  readonly imports: string;
  /** The body of an async function; its `data` is what the test hands in. */
  readonly body: string;
  readonly answer: unknown;
}

const computing: Readonly<Record<string, Use>> = {
  lodash: {
    packages: ['lodash'],
    imports: `import _ from 'lodash';`,
    body: `
      const calls = [];
      const late = _.debounce((value) => calls.push(value), 5);
      late(1); late(2);
      await new Promise((resolve) => _.delay(resolve, 40));
      return {
        chunks: _.chunk([1, 2, 3], 2),
        groups: _.groupBy(['one', 'two', 'three'], 'length'),
        merged: _.merge({ a: { b: 1 } }, { a: { c: new Date(0) } }),
        text: _.template('Hello <%= name %>')({ name: 'you' }),
        date: _.isDate(_.cloneDeep(new Date(0))),
        calls,
      };`,
    answer: {
      chunks: [[1, 2], [3]],
      groups: { 3: ['one', 'two'], 5: ['three'] },
      merged: { a: { b: 1, c: new Date(0) } },
      text: 'Hello you',
      date: true,
      calls: [2],
    },
  },
  zod: {
    packages: ['zod'],
    imports: `import { z } from 'zod';`,
    body: `
      const User = z.object({ name: z.string().min(2), mail: z.email(), age: z.coerce.number().int().default(18) });
      const good = User.parse({ name: 'Ada', mail: 'ada@example.com' });
      const bad = await User.safeParseAsync({ name: 'A', mail: 'no', age: 'x' });
      return { good, bad: bad.error.issues.map(({ path, code }) => [path.join(), code]), schema: z.toJSONSchema(z.object({ n: z.int().positive() })).required };`,
    answer: {
      good: { name: 'Ada', mail: 'ada@example.com', age: 18 },
      bad: [
        ['name', 'too_small'],
        ['mail', 'invalid_format'],
        ['age', 'invalid_type'],
      ],
      schema: ['n'],
    },
  },
  'date-fns': {
    packages: ['date-fns'],
    imports: `import { addMonths, differenceInDays, formatDistance, formatISO, parseISO } from 'date-fns'; import { de } from 'date-fns/locale/de';`,
    body: `
      const start = parseISO('2026-01-31T12:00:00Z');
      return {
        month: addMonths(start, 1).toISOString(),
        days: differenceInDays(parseISO('2026-03-01T12:00:00Z'), start),
        words: formatDistance(new Date(0), new Date(3 * 86_400_000), { locale: de }),
        date: formatISO(start, { representation: 'date' }),
      };`,
    answer: { month: '2026-02-28T12:00:00.000Z', days: 29, words: '3 Tage', date: '2026-01-31' },
  },
  pino: {
    packages: ['pino'],
    imports: `import pino from 'pino'; import { Writable } from 'node:stream';`,
    body: `
      const lines = [];
      const into = new Writable({ write(chunk, _, done) { lines.push(JSON.parse(chunk)); done(); } });
      const log = pino({ base: { app: 'a' }, timestamp: false, redact: ['secret'] }, into);
      log.child({ module: 'm' }).info({ secret: 'x', n: 1 }, 'hello %s', 'you');
      log.error(new RangeError('too far'));
      log.debug('not told');
      return lines.map(({ err, ...line }) => err === undefined ? line : { ...line, err: [err.type, err.message] });`,
    answer: [
      { level: 30, app: 'a', module: 'm', secret: '[Redacted]', n: 1, msg: 'hello you' },
      { level: 50, app: 'a', err: ['RangeError', 'too far'], msg: 'too far' },
    ],
  },
  undici: {
    packages: ['undici'],
    imports: `import { Agent, Pool, fetch, request } from 'undici';`,
    body: `
      const agent = new Agent({ pipelining: 1 });
      const posted = await request(data.url, { method: 'POST', body: 'some words', dispatcher: agent });
      const got = await fetch(data.url, { dispatcher: agent, headers: { 'x-name': 'value' } });
      const pool = new Pool(data.url, { connections: 2 });
      const many = await Promise.all([1, 2, 3].map(async () => (await pool.request({ path: '/', method: 'GET' })).body.json()));
      const answer = { posted: [posted.statusCode, await posted.body.json()], got: [got.status, await got.json()], many: many.length };
      await Promise.all([agent.close(), pool.close()]);
      return answer;`,
    answer: {
      posted: [200, { method: 'POST', name: null, body: 'some words' }],
      got: [200, { method: 'GET', name: 'value', body: '' }],
      many: 3,
    },
  },
};

const talking: Readonly<Record<'PostgreSQL' | 'Redis', Use & { readonly network: string }>> = {
  PostgreSQL: {
    network: '127.0.0.1:5432',
    packages: ['pg'],
    imports: `import pg from 'pg';`,
    body: `
      const pool = new pg.Pool({ host: '127.0.0.1', port: 5432, user: 'postgres', database: 'test', max: 2 });
      try {
        const client = await pool.connect();
        await client.query('CREATE TEMPORARY TABLE words (n int, word text, at timestamptz, more jsonb)');
        await client.query('INSERT INTO words VALUES ($1, $2, $3, $4)', [1, 'one', new Date(0), { deep: [1, 2] }]);
        const { rows } = await client.query({ name: 'all', text: 'SELECT * FROM words' });
        const refused = await client.query('SELECT * FROM nothing').catch(({ code }) => code);
        client.release();
        const many = await Promise.all([1, 2, 3, 4].map(async (n) => (await pool.query('SELECT $1::int * 2 AS n', [n])).rows[0].n));
        return { rows, refused, many };
      } finally {
        await pool.end();
      }`,
    answer: {
      rows: [{ n: 1, word: 'one', at: new Date(0), more: { deep: [1, 2] } }],
      refused: '42P01',
      many: [2, 4, 6, 8],
    },
  },
  Redis: {
    network: '127.0.0.1:6379',
    packages: ['ioredis'],
    imports: `import { Redis } from 'ioredis';`,
    body: `
      const redis = new Redis({ host: '127.0.0.1', port: 6379, lazyConnect: true, maxRetriesPerRequest: 1 });
      await redis.connect();
      const key = 'hotswap-libraries:' + data.id;
      try {
        await redis.set(key, 'one', 'EX', 60);
        const many = await redis.pipeline().append(key, '+two').get(key).strlen(key).exec();
        const script = await redis.eval('return {KEYS[1], ARGV[1]}', 1, 'a', 'b');
        const error = await redis.call('nonsense').catch(({ name }) => name);
        return { many, script, error };
      } finally {
        await redis.del(key);
        await redis.quit();
      }`,
    answer: {
      many: [
        [null, 7],
        [null, 'one+two'],
        [null, 7],
      ],
      script: ['a', 'b'],
      error: 'ReplyError',
    },
  },
};

let server: Server;
let url: string;
beforeAll(async () => {
  server = createServer(async (request, response) => {
    const { method, headers } = request;
    const body = (await request.toArray()).join('');
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ method, name: headers['x-name'] ?? null, body }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

describeEachLevel('libraries that compute', levels, (level) => {
  for (const [name, use] of Object.entries(computing))
    it(`${name} gives the answers that it gives elsewhere`, async () => {
      expect(await answerOf(level, name, use, new URL(url).host)).toEqual(use.answer);
    });
});

for (const service of ['PostgreSQL', 'Redis'] as const) {
  await describeService(service, () =>
    describeEachLevel('its client', levels, (level) => {
      it('gives the answers that it gives elsewhere', async () => {
        const use = talking[service];
        expect(await answerOf(level, use.packages.join(), use, use.network)).toEqual(use.answer);
      });
    }),
  );
}

/** Asks a plugin of that level, which is loaded for it and swapped once: what it held must not be in its own way. */
async function answerOf(level: Level, name: string, use: Use, network: string): Promise<unknown> {
  const folder = await writePlugin(level.folder(), {
    name,
    packages: use.packages,
    imports: use.imports,
    start: `ctx.methods.handle('answer', async ({ data }) => {${use.body}});`,
    hotswap: { capabilities: { network: [network] } },
  });
  const runtime: Runtime = await level.run();
  try {
    expect((await runtime.load(folder)).reason).toBeUndefined();
    const data = { url, id: `${process.pid}-${level.level}` };
    const first = await runtime.invoke(name, 'answer', data);
    expect((await runtime.reload(name)).reason).toBeUndefined();
    expect(await runtime.invoke(name, 'answer', data)).toEqual(first);
    expect(runtime.pluginStatus(name).isolation).toBe(level.level);
    return first;
  } finally {
    await runtime.close();
  }
}
