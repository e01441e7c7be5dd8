import { mkdir, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { servePlugins } from '../serving/serve-plugins.ts';

/** A thread takes longer to start than code in this one: fewer rounds say as much. */
const rounds = { basic: 500, strict: 100 } as const;
const clients = 16;

/** Version 1 counts in a number, version 2 in an object; each knows the way to the other. */
const counter = (version: 1 | 2): string => `
export default {
  swap: 'exclusive',
  state: {
    version: ${version},
    migrations: { 2: { up: (count) => ({ count }), down: ({ count }) => count } },
  },
  start(ctx, state) {
    let count = ${version === 1 ? 'state ?? 0' : 'state?.count ?? 0'};
    ctx.http.post('/count', async (request) => {
      const { by } = await request.json();
      count += by;
      return new Response('${version}');
    });
    ctx.http.get('/count', () => new Response(String(count)));
    return { exportState: () => ${version === 1 ? 'count' : '({ count })'} };
  },
};`;

interface Answer {
  readonly status: number;
  readonly text: string;
}

function ask(port: number, agent: http.Agent, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const request = http.request({ port, host: '127.0.0.1', path: '/count', method, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    request.on('error', reject).end(body);
  });
}

it.each(['basic', 'strict'] as const)(
  'at %s the final count is what was acknowledged, through hundreds of stateful swaps and swap-backs',
  { timeout: 120_000 },
  async (isolation) => {
    await using serving = await servePlugins({ runtime: { isolation, limits: { probationMs: 0 } } });
    const sources = await Promise.all(
      ([1, 2] as const).map(async (version) => {
        const file = join(serving.folder, `v${version}`, 'counter.js');
        await mkdir(dirname(file));
        await writeFile(file, counter(version));
        return file;
      }),
    );
    expect((await serving.runtime.load(sources[0]!)).reason).toBeUndefined();
    const agent = new http.Agent({ keepAlive: true, maxSockets: clients });
    const seen = new Map<string, number>();
    let acknowledged = 0;
    const over = new AbortController();
    const client = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const { status, text } = await ask(serving.port, agent, '{"by":1}');
        expect([status, text]).toEqual([200, expect.stringMatching(/^[12]$/)]);
        acknowledged++;
        seen.set(text, (seen.get(text) ?? 0) + 1);
      }
    };
    const counting = Promise.all(Array.from({ length: clients }, client));
    for (let round = 0; round < rounds[isolation]; round++) {
      const isBack = round % 2 === 1;
      const before = acknowledged;
      const report = isBack
        ? await serving.runtime.rollback('counter')
        : await serving.runtime.swap('counter', sources[1]!);
      expect(report, JSON.stringify(report.reason)).toMatchObject({ outcome: 'swapped', cancelled: 0, lost: 0 });
      // Each generation serves a while, so that the next hand-over finds requests of this one under way.
      await expect.poll(() => acknowledged, { interval: 1 }).toBeGreaterThan(before + clients);
    }
    over.abort();
    await counting;
    const { status, text } = await ask(serving.port, agent);
    agent.destroy();
    expect([status, Number(text)]).toEqual([200, acknowledged]);
    expect([...seen.keys()].toSorted()).toEqual(['1', '2']);
    expect(serving.runtime.pluginStatus('counter').counts.errors).toBe(0);
  },
);
