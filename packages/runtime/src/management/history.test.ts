import { describe, expect, test } from 'vitest';
import { createFakeTarget, type FakeOptions } from './fixtures/fake-target.ts';
import { createManagement } from './management.ts';
import type { ManagementOptions } from './management.ts';

const byAda: ManagementOptions = { authorize: () => ({ actor: 'ada' }) };

function setUp(options: ManagementOptions = byAda, fake: FakeOptions = {}) {
  const target = createFakeTarget(fake);
  const management = createManagement(target, options);
  const send = async (method: 'GET' | 'POST', path: string, body?: object) => {
    const request = new Request(`http://localhost${path}`, {
      method,
      headers: { host: 'localhost', 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const response = await management.handle(request, path, { address: '203.0.113.9' });
    return { status: response?.status, json: JSON.parse((await response?.text()) ?? 'null') };
  };
  return { target, send };
}

describe('rollback', () => {
  test('is told who asks, why, and whether writes may be lost', async () => {
    const { target, send } = setUp();
    expect((await send('POST', '/plugins/ratelimit-geo/rollback', { force: true, reason: 'wrong' })).status).toBe(200);
    expect((await send('POST', '/plugins/ratelimit-geo/rollback', {})).json).toEqual({ status: 'rolled_back' });
    expect(target.calls).toEqual([
      { verb: 'rollback', args: ['ratelimit-geo', { actor: 'ada', reason: 'wrong', force: true }] },
      { verb: 'rollback', args: ['ratelimit-geo', { actor: 'ada', force: false }] },
    ]);
  });

  test('wants a plain yes or no', async () => {
    const { target, send } = setUp();
    expect(await send('POST', '/plugins/ratelimit-geo/rollback', { force: 'yes' })).toMatchObject({ status: 400 });
    expect(target.calls).toEqual([]);
  });
});

describe('promote', () => {
  test('is told the level, who asks and why', async () => {
    const { target, send } = setUp();
    const sent = { isolation: 'strict', reason: 'it leaks' };
    expect((await send('POST', '/plugins/ratelimit-geo/promote', sent)).json).toEqual({ status: 'promoted' });
    expect(target.calls).toEqual([
      { verb: 'promote', args: ['ratelimit-geo', 'strict', { actor: 'ada', reason: 'it leaks' }] },
    ]);
  });

  test.each([
    [{}, /isolation is missing/],
    [{ isolation: 'steel' }, /none, basic, strict, sandbox, container/],
    [{ isolation: 'strict', force: true }, /force/],
  ])('%j is refused', async (body, problem) => {
    const { target, send } = setUp();
    const { status, json } = await send('POST', '/plugins/ratelimit-geo/promote', body);
    expect([status, json.message ?? json.error?.message]).toEqual([400, expect.stringMatching(problem)]);
    expect(target.calls).toEqual([]);
  });

  test('is a permission of its own', async () => {
    const asked: string[] = [];
    const { send } = setUp({ authorize: (_, permission) => (asked.push(permission), permission !== 'plugin:promote') });
    expect((await send('POST', '/plugins/ratelimit-geo/promote', { isolation: 'basic' })).status).toBe(401);
    expect((await send('GET', '/plugins/ratelimit-geo/history')).status).toBe(200);
    expect(asked).toEqual(['plugin:promote', 'plugin:read']);
  });
});

describe('history', () => {
  test('is read by who may read, and names who changed what', async () => {
    const { json } = await setUp().send('GET', '/plugins/ratelimit-geo/history');
    expect(json).toMatchObject({
      plugin: 'ratelimit-geo',
      changes: [{ operation: 'swap', from: 2, to: 3, actor: 'ada', reason: 'new limits', outcome: 'swapped' }],
      snapshots: [{ generation: 2, version: '1.1.0', has_state: true }],
    });
  });

  test('of a plugin nobody knows is 404', async () => {
    expect((await setUp().send('GET', '/plugins/nobody/history')).status).toBe(404);
  });
});
