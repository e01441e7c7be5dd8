import type { Registration } from '@hotswap/protocol';
import { HotRequest } from '@hotswap/protocol/http';
import { defineService, method, type PluginContext } from '@hotswap/sdk';
import { beforeEach, describe, expect, it } from 'vitest';
import type { GuestHandler } from './guest-host.ts';
import { Ledger } from './ledger.ts';
import { createPluginContext, type GuestContext } from './plugin-context.ts';
import { silentLog } from '../host-services/logging/silent-log.ts';
import type { HostServices } from '../host-services/host-services.ts';

let registered: { readonly registration: Registration; readonly handler: GuestHandler }[];
let calls: unknown[];
let ledger: Ledger;
let guest: GuestContext;
let ctx: PluginContext;

beforeEach(() => {
  [registered, calls, ledger] = [[], [], new Ledger()];
  const services = {
    log: silentLog,
    callService: async (...args: readonly unknown[]) => {
      calls.push(args);
      return 'answered';
    },
  } as unknown as HostServices;
  guest = createPluginContext({
    manifest: { name: 'a', version: '1.2.3', description: '', main: 'x', engines: { hotswap: '*' } },
    generation: 7,
    config: { size: 1 },
    signal: new AbortController().signal,
    services,
    ledger,
    host: {
      register: (registration, handler) => void registered.push({ registration, handler }),
      fault: () => {},
      bound: (fn) => async (input) => fn(input as never),
      sockets: { send: () => {}, close: () => {}, attach: () => {}, buffered: () => 0 },
    },
  });
  ctx = guest.context;
});

const registrations = (): readonly Registration[] => registered.map(({ registration }) => registration);

describe('what an author registers', () => {
  it('goes to the host as data with a number of its own', () => {
    const answer = (): Response => new Response();
    ctx.http.get('/a', answer);
    ctx.http.route('TRACE', '/a', answer);
    ctx.http.sse('/s', async function* () {});
    ctx.methods.handle('m', () => 1);
    ctx.tasks.every('90s', 't', () => {});
    ctx.events.on('e', () => {});
    ctx.extensions.handle('p', () => 1);
    ctx.provide(defineService('s', { one: method(), two: method() }), { one: () => 1, two: () => 2 } as never);
    expect(registrations()).toEqual([
      { id: 1, type: 'route', method: 'GET', path: '/a' },
      { id: 2, type: 'route', method: 'TRACE', path: '/a' },
      { id: 3, type: 'route', method: 'GET', path: '/s' },
      { id: 4, type: 'method', name: 'm' },
      { id: 5, type: 'task', name: 't', everyMs: 90_000 },
      { id: 6, type: 'subscription', event: 'e' },
      { id: 7, type: 'extension', point: 'p', priority: 100 },
      { id: 8, type: 'service', name: 's', methods: ['one', 'two'] },
    ]);
  });

  it.each(['post', 'put', 'patch', 'delete', 'all'] as const)('has a short name for %s', (verb) => {
    ctx.http[verb]('/a', () => new Response());
    expect(registrations()).toMatchObject([{ method: verb.toUpperCase() }]);
  });

  it('applies to every path at priority 100 unless it says otherwise', () => {
    ctx.http.use((request, next) => next(request));
    ctx.http.use({ paths: ['/x/*'], priority: 5 }, (request, next) => next(request));
    ctx.http.onRequest({}, () => {});
    ctx.http.onResponse({ priority: 1 }, () => {});
    expect(registrations()).toMatchObject([
      { type: 'middleware', paths: ['/*'], priority: 100 },
      { type: 'middleware', paths: ['/x/*'], priority: 5 },
      { type: 'request-hook', paths: ['/*'], priority: 100 },
      { type: 'response-hook', paths: ['/*'], priority: 1 },
    ]);
  });

  it('is refused once start is over', () => {
    guest.closeRegistration();
    expect(() => ctx.http.get('/late', () => new Response())).toThrow(
      expect.objectContaining({ code: 'REGISTRATION_CLOSED', details: { plugin: 'a', type: 'route' } }),
    );
    expect(registered).toEqual([]);
  });
});

it('an event stream ends when its generation is drained or its client leaves', async () => {
  const draining = new AbortController();
  ctx.http.sse('/s', async function* (_request, { signal, params }) {
    yield { data: params['id'] };
    draining.abort();
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
  });
  const info = { params: { id: '7' }, signal: new AbortController().signal, draining: draining.signal };
  const handler = registered[0]?.handler as unknown as (...args: unknown[]) => Response;
  const text = handler(new HotRequest('http://x/s'), info).text();
  expect(await text).toContain('data: 7');
});

it('a client of a service sends each call to whoever provides it then', async () => {
  const geo = defineService('geo', { locate: method<{ ip: string }, string>() });
  const { signal } = new AbortController();
  expect(await ctx.use(geo).locate({ ip: 'x' }, { signal })).toBe('answered');
  expect(calls).toEqual([['geo', 'locate', { ip: 'x' }, signal]]);
});

it('says who the plugin is and defers what it began by other ways', async () => {
  expect([ctx.name, ctx.version, ctx.generation, ctx.config]).toEqual(['a', '1.2.3', 7, { size: 1 }]);
  let isUndone = false;
  ctx.defer('socket', () => void (isUndone = true));
  expect(ledger.counts()).toEqual({ deferred: 1 });
  await ledger.undoAll(new AbortController().signal);
  expect(isUndone).toBe(true);
});
