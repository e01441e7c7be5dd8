import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { composeRuntime } from '../src/compose-runtime.ts';
import { listen } from '../src/http/listen.ts';
import { createNodeListener } from '../src/http/node-listener.ts';
import { type Assignment, emptyAssignment } from '../src/routing/assignment.ts';
import { resolveSettings } from '../src/runtime-options.ts';
import { createRecordingLog, inMemory } from './running-runtime.ts';

/** What `/slow` waits for. */
const mayEnd = Promise.withResolvers<void>();

const generationPlugin = inMemory('shop', {
  start(ctx) {
    const mine = String(ctx.generation);
    ctx.http.get('/which', () => new Response(mine));
    ctx.http.get('/slow', async () => {
      await mayEnd.promise;
      return new Response(mine);
    });
    ctx.http.use({ paths: ['/which'] }, async (request, next) => {
      const response = await next(request);
      response.headers.append('x-through', mine);
      return response;
    });
  },
});

/** In [0, 1), the same for the same client. */
function stickyHash(client: string): number {
  return createHash('sha256').update(client).digest().readUInt32BE() / 2 ** 32;
}

/** A slot whose generations 1 to 3 all serve, behind a real port. No verb makes that yet: the table can. */
async function serveThree() {
  const options = {
    log: createRecordingLog(),
    guardProcess: false,
    environment: {},
    limits: { probationMs: 0 },
    identify: ({ headers }: Request) => {
      const forced = headers.get('x-forced');
      return {
        tenant: headers.get('x-tenant') ?? undefined,
        stickyHash: headers.has('x-client') ? stickyHash(headers.get('x-client') ?? '') : undefined,
        ...(forced !== null && { forced: Number(forced) }),
      };
    },
  };
  const core = composeRuntime(resolveSettings(options), options);
  await core.verbs.load(generationPlugin);
  const slot = core.roster.get('shop');
  const first = slot.current!;
  for (let more = 0; more < 2; more++) {
    const generation = core.swap.make(slot, first.artifact, slot.wish);
    slot.add(generation);
    generation.lifecycle.move('starting', 'test');
    await generation.load();
    await generation.start();
    generation.lifecycle.move('ready', 'test');
    generation.lifecycle.move('active', 'test');
  }
  const listening = await listen(createNodeListener(core.dispatch), { port: 0 });
  return {
    core,
    slot,
    assign(assignment: Partial<Assignment>): void {
      const view = slot.viewUnder({ ...emptyAssignment, default: 1, ...assignment });
      core.router.publish(core.router.prepare([view]));
    },
    /** Which generation answered. Middleware and route must be of the same one. */
    async which(headers: Record<string, string>): Promise<number> {
      const answer = await fetch(`${listening.url}/which`, { headers });
      const generation = await answer.text();
      expect([answer.status, answer.headers.get('x-through')]).toEqual([200, generation]);
      return Number(generation);
    },
    slow: async () => Number(await (await fetch(`${listening.url}/slow`)).text()),
    async [Symbol.asyncDispose]() {
      await listening.close({ graceMs: 0 });
      core.deadlines.close();
      await core.verbs.remove('shop');
    },
  };
}

const clients = Array.from({ length: 120 }, (_, index) => `client-${index}`);

describe('several generations of one plugin at once', () => {
  it('serve their shares, and each client always the same one', async () => {
    await using shop = await serveThree();
    shop.assign({ weights: [{ generation: 2, share: 0.3 }] });
    const ask = () => Promise.all(clients.map((client) => shop.which({ 'x-client': client })));
    const first = await ask();
    expect(await ask()).toEqual(first);
    expect(new Set(first)).toEqual(new Set([1, 2]));
    const expected = clients.map((client) => (stickyHash(client) < 0.3 ? 2 : 1));
    expect(first).toEqual(expected);
  });

  it('flip nobody back while a share grows, until all have moved', async () => {
    await using shop = await serveThree();
    let before = clients.map(() => 1);
    for (const share of [0.05, 0.25, 0.5, 0.9, 1]) {
      shop.assign({ weights: [{ generation: 2, share }] });
      const now = await Promise.all(clients.map((client) => shop.which({ 'x-client': client })));
      expect(now.filter((generation, index) => generation < (before[index] ?? 0))).toEqual([]);
      before = now;
    }
    expect(new Set(before)).toEqual(new Set([2]));
  });

  it('keep pinned tenants where they are, whatever becomes of the default and the shares', async () => {
    await using shop = await serveThree();
    const byTenant = new Map([
      ['careful', 1],
      ['eager', 3],
    ]);
    for (const [generation, share] of [
      [1, 0],
      [2, 0.5],
      [3, 1],
    ] as const) {
      shop.assign({ default: generation, byTenant, weights: [{ generation: 2, share }] });
      expect(await shop.which({ 'x-tenant': 'careful', 'x-client': 'a' })).toBe(1);
      expect(await shop.which({ 'x-tenant': 'eager', 'x-client': 'a' })).toBe(3);
      expect(await shop.which({ 'x-tenant': 'somebody' })).toBe(generation);
    }
  });

  it('can be asked for by number where that is permitted, and only there', async () => {
    await using shop = await serveThree();
    shop.assign({ forced: new Set([3]), byTenant: new Map([['eager', 2]]) });
    expect(await shop.which({ 'x-forced': '3', 'x-tenant': 'eager' })).toBe(3);
    expect(await shop.which({ 'x-forced': '2' })).toBe(1);
    expect(await shop.which({ 'x-forced': '99' })).toBe(1);
  });

  it('end a request where it began when the assignment changes meanwhile', async () => {
    await using shop = await serveThree();
    shop.assign({ default: 2 });
    const slow = shop.slow();
    await expect.poll(() => shop.slot.generations.get(2)?.leases.count).toBe(1);
    shop.assign({ default: 3 });
    expect(await shop.which({})).toBe(3);
    mayEnd.resolve();
    expect(await slow).toBe(2);
    for (const { leases } of shop.slot.generations.values()) expect(leases.count).toBe(0);
  });
});
