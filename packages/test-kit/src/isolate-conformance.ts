import { fileURLToPath } from 'node:url';
import { extensionPoint, type Runtime } from '@hotswap/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** What the suite asks of a runtime, beside the level it runs plugins at. */
export interface IsolateUnderTest {
  readonly copyValues: true;
  readonly secrets: Readonly<Record<string, string>>;
  readonly limits: {
    readonly callTimeoutMs: number;
    readonly probationMs: number;
    readonly healthIntervalMs: number;
    readonly drainTimeoutMs: number;
  };
}

export interface IsolateTraits {
  /** Calls end at their time limit; only level `none` has no limit. */
  readonly hasTimeLimit: boolean;
}

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

const wanted: IsolateUnderTest = {
  copyValues: true,
  secrets: { 'greeting-key': 'open sesame', 'other-key': 'not for this plugin' },
  limits: { callTimeoutMs: 250, probationMs: 0, healthIntervalMs: 10, drainTimeoutMs: 2_000 },
};

/**
 * The behaviour of plugins at every isolation level, seen from outside. `factory` makes a runtime, not yet started,
 * that runs every plugin at the level under test.
 */
export function describeIsolate(
  name: string,
  factory: (options: IsolateUnderTest) => Runtime,
  { hasTimeLimit }: IsolateTraits = { hasTimeLimit: true },
): void {
  describe(`isolation level ${name}`, () => {
    let runtime: Runtime;
    const fetch = (path: string, init?: RequestInit) => runtime.fetch(new Request(`http://host.test${path}`, init));
    const answer = async (path: string, init?: RequestInit) => {
      const response = await fetch(path, init);
      return [response.status, await response.text()] as const;
    };
    const invoke = async <T>(method: string, data?: unknown): Promise<T> =>
      (await runtime.invoke('conformance', method, data)) as T;
    const facts = () => invoke<{ ticks: number; heard: unknown[]; abortedWith?: string }>('facts');

    beforeEach(async () => {
      runtime = factory(wanted);
      await runtime.start();
      expect((await runtime.load(fixture('conformance'))).reason).toBeUndefined();
    });
    afterEach(() => runtime.close());

    describe('routes', () => {
      it('get their places decoded, the rest included', async () => {
        expect(await answer('/hello/ada%20l')).toEqual([200, 'hello ada l']);
        expect(await answer('/files/ada/a/b.txt')).toEqual([200, '{"owner":"ada","*":"a/b.txt"}']);
      });

      it('answer at once or later, with their own status and headers', async () => {
        const response = await fetch('/later');
        expect([response.status, response.headers.get('x-late'), await response.text()]).toEqual([201, 'yes', 'later']);
      });

      it('see method and query, and answer the methods they are registered for', async () => {
        expect(await answer('/any?x=1', { method: 'DELETE' })).toEqual([200, 'DELETE ?x=1']);
        const refused = await fetch('/hello/ada', { method: 'POST' });
        expect([refused.status, refused.headers.get('allow'), await refused.text()]).toEqual([
          405,
          'GET, HEAD',
          expect.any(String),
        ]);
        expect(await answer('/nowhere')).toEqual([404, expect.any(String)]);
      });

      it('read bodies whole and piece by piece', async () => {
        const body = new Uint8Array(300_000).fill(7);
        expect(await answer('/measure', { method: 'POST', body })).toEqual([200, '{"bytes":300000}']);
        expect(await answer('/json', { method: 'PUT', body: '{"a":[1]}' })).toEqual([200, '{"a":[1]}']);
      });

      it('hand a body through and stream one of their own', async () => {
        const body = 'x'.repeat(200_000);
        expect(await answer('/echo', { method: 'POST', body })).toEqual([200, body]);
        expect(await answer('/parts')).toEqual([200, 'one two three']);
      });

      it('hand bodies on through a middleware, both ways, unread or changed', async () => {
        const body = 'y'.repeat(1_500_000);
        const passed = await fetch('/passed/echo', { method: 'POST', body });
        expect([passed.status, passed.headers.get('x-way')]).toEqual([201, 'there and back']);
        expect((await passed.text()) === body).toBe(true);
        const shouted = await fetch('/shouted/echo', { method: 'POST', body: 'quiet' });
        expect([shouted.headers.get('x-shouted'), await shouted.text()]).toEqual(['yes', 'QUIET']);
      });

      it('stream server-sent events', async () => {
        const response = await fetch('/ticks');
        expect(response.headers.get('content-type')).toContain('text/event-stream');
        const text = await response.text();
        expect(text).toContain('id: 1\ndata: first\n\n');
        expect(text).toContain('event: count\ndata: {"second":2}\n\n');
      });
    });

    describe('faults in a handler', () => {
      it.each(['/throws', '/rejects', '/throws-nothing', '/broken/x'])(
        'are 502 without a word of what was thrown: %s',
        async (path) => {
          const [status, text] = await answer(path);
          expect(status).toBe(502);
          expect(JSON.parse(text)).toMatchObject({ error: { code: 'PLUGIN_HANDLER_FAILED' } });
          expect(text).not.toContain('secret');
          expect(runtime.pluginStatus('conformance')).toMatchObject({ state: 'active', counts: { errors: 1 } });
        },
      );

      it.each(['/wrong/text', '/wrong/number', '/wrong/nothing', '/wrong-later'])(
        'so are answers that are none: %s',
        async (path) => {
          const [status, text] = await answer(path);
          expect([status, JSON.parse(text).error.code]).toEqual([502, 'HANDLER_ANSWER_INVALID']);
        },
      );

      it('reach the caller of a method as a coded error', async () => {
        await expect(invoke('fail')).rejects.toMatchObject({ code: 'PLUGIN_HANDLER_FAILED' });
        await expect(invoke('nothing')).rejects.toMatchObject({ code: 'METHOD_UNKNOWN' });
      });

      it.runIf(hasTimeLimit)('that take too long are 504, and the handler sees it by its signal', async () => {
        const [status, text] = await answer('/endless');
        expect([status, JSON.parse(text).error.code]).toEqual([504, 'CALL_TIMED_OUT']);
        await expect.poll(async () => (await facts()).abortedWith).toBe('CALL_TIMED_OUT');
        expect(await answer('/hello/ada')).toEqual([200, 'hello ada']);
      });
    });

    describe('whoever no longer waits', () => {
      it('is told to the handler of a request', async () => {
        const client = new AbortController();
        const left = fetch('/endless', { signal: client.signal }).catch(() => {});
        await facts();
        client.abort(new Error('the client left'));
        await expect.poll(async () => (await facts()).abortedWith).toBeDefined();
        expect((await facts()).abortedWith).not.toBe('CALL_TIMED_OUT');
        // A level without a time limit has nothing else that would ever end it.
        await (hasTimeLimit ? left : runtime.reload('conformance'));
      });

      it('is told to the handler of a method, with the reason', async () => {
        const caller = new AbortController();
        const waiting = runtime.invoke('conformance', 'wait', undefined, { signal: caller.signal });
        await facts();
        caller.abort(new Error('not needed any more'));
        expect(await waiting).toBe('gave up: not needed any more');
      });
    });

    describe('middleware and hooks', () => {
      it('run in the order of their priorities, and the answer comes back through them', async () => {
        const ordered = await fetch('/order/x');
        expect([ordered.headers.get('x-order'), await ordered.text()]).toEqual(['route second first', 'ordered']);
      });

      it('may answer themselves', async () => {
        expect(await answer('/private/x')).toEqual([403, 'go away']);
        expect(await answer('/private/nowhere')).toEqual([403, 'go away']);
      });

      it('that look at heads alone may end a request or change an answer', async () => {
        const stopped = await fetch('/hooked/x', { headers: { 'x-stop': '1' } });
        expect(await stopped.text()).toBe('stopped by a hook');
        const passed = await fetch('/hooked/x');
        expect([passed.status, passed.headers.get('x-hooked'), await passed.text()]).toEqual([202, 'GET', 'went on']);
      });
    });

    describe('what comes through the context', () => {
      it('says who the plugin is', async () => {
        expect(await answer('/self')).toEqual([
          200,
          '{"name":"conformance","version":"1.4.2","generation":1,"isEnding":false}',
        ]);
      });

      it('lets methods be called by name', async () => {
        expect(await invoke('double', 21)).toBe(42);
        expect(await invoke('double-later', 21)).toBe(42);
        const caller = await runtime.invoke('conformance', 'caller', undefined, { tenant: 'acme', requestId: 'r1' });
        expect(caller).toEqual({ tenant: 'acme', requestId: 'r1' });
      });

      it('runs tasks at their interval', async () => {
        await expect.poll(async () => (await facts()).ticks).toBeGreaterThan(1);
      });

      it('hands on events of the host and of plugins', async () => {
        await runtime.emit('conformance.ping', { n: 1 });
        await invoke('emit', { n: 2 });
        await runtime.emit('other.event');
        await expect
          .poll(async () => (await facts()).heard)
          .toEqual([
            ['conformance.ping', { n: 1 }, 'host'],
            ['conformance.pong', { n: 2 }, 'conformance'],
          ]);
      });

      it('calls the service of another plugin, waits for it, and survives its swap', async () => {
        const waiting = answer('/where');
        await runtime.load(fixture('geo-one'));
        expect(await waiting).toEqual([200, '{"country":"one of 203.0.113.9"}']);
        expect((await runtime.swap('geo', fixture('geo-two'))).outcome).toBe('swapped');
        expect(await answer('/where')).toEqual([200, '{"country":"two of 203.0.113.9"}']);
      });

      it('hands on what a service throws, by its code', async () => {
        await runtime.load(fixture('geo-one'));
        const told = ['PLACE_UNKNOWN', 'not-found', 'there is no such place'];
        expect(await answer('/nowhere-at-all')).toEqual([200, JSON.stringify(told)]);
      });

      it('carries values as a copy of the whole of them', async () => {
        const payload = { at: new Date(7), tags: new Map([['a', new Set([1])]]), bytes: new Uint8Array([1, 2]) };
        await invoke('emit', payload);
        await expect.poll(async () => (await facts()).heard).toEqual([['conformance.pong', payload, 'conformance']]);
      });

      it('answers the extension points of the host', async () => {
        const points = runtime.extend({ 'conformance.judge': extensionPoint<number, string>() });
        expect(await points['conformance.judge'].run(20)).toEqual([{ plugin: 'conformance', value: 'adult' }]);
      });

      it('stores values, with transactions', async () => {
        expect(await answer('/storage')).toEqual([200, '[{"color":"red"},1,null]']);
        expect(await answer('/storage')).toEqual([200, '[{"color":"red"},2,null]']);
      });

      it('gives secrets and network only as far as the manifest says', async () => {
        expect(await answer('/secrets/greeting-key')).toEqual([200, 'open sesame']);
        expect(await answer('/secrets/other-key')).toEqual([400, 'CAPABILITY_MISSING']);
        expect(await answer('/fetch')).toEqual([400, 'CAPABILITY_MISSING']);
      });

      it('counts metrics', () => {
        expect(runtime.metrics()).toMatch(/greetings_total\{[^}]*\} 3/);
      });
    });

    describe('state', () => {
      it('goes to the next generation, up and down its versions', async () => {
        const add = async () => runtime.invoke('tally', 'add');
        expect((await runtime.load(fixture('tally-one'))).outcome).toBe('swapped');
        expect([await add(), await add()]).toEqual([1, 2]);
        const up = await runtime.swap('tally', fixture('tally-two'));
        expect([up.outcome, up.reason]).toEqual(['swapped', undefined]);
        expect(await add()).toEqual({ total: 3 });
        const back = await runtime.rollback('tally');
        expect([back.reason, await add()]).toEqual([undefined, 4]);
      });
    });

    describe('life of a generation', () => {
      it('its word on its health is asked for', async () => {
        const patiently = { interval: 5, timeout: 10_000 };
        const healthStatus = (): string => runtime.pluginStatus('conformance').health.status;
        await invoke('set-health', 'unhealthy');
        await expect.poll(healthStatus, patiently).toBe('unhealthy');
        await invoke('set-health', 'healthy');
        await expect.poll(healthStatus, patiently).toBe('healthy');
      });

      it('takes a config in place, or asks for a swap, or refuses', async () => {
        expect((await runtime.configure('conformance', { word: 'hey' })).outcome).toBe('configured');
        expect(await answer('/hello/ada')).toEqual([200, 'hey ada']);
        const refused = await runtime.configure('conformance', { word: 'no', on: 'throw' });
        expect(refused).toMatchObject({ outcome: 'kept', reason: { code: 'PLUGIN_CONFIGURE_FAILED' } });
        expect(await answer('/hello/ada')).toEqual([200, 'hey ada']);
        expect(await runtime.configure('conformance', { word: 'yo', on: 'swap' })).toMatchObject({
          outcome: 'swapped',
          to: 2,
        });
        expect(await answer('/hello/ada')).toEqual([200, 'yo ada']);
      });

      it('ends with its own stop, then what it deferred, last first; then nothing of it is left', async () => {
        const listeners = process.listenerCount('SIGHUP');
        const { resources } = runtime.pluginStatus('conformance');
        expect(resources).toMatchObject({ interval: 1, 'process listener': 1, deferred: 2 });
        await runtime.unload('conformance');
        expect(process.listenerCount('SIGHUP')).toBeLessThanOrEqual(listeners);
        expect((await answer('/hello/ada'))[0]).toBe(404);
        expect(runtime.metrics()).not.toContain('greetings_total');
        await runtime.load(fixture('conformance'));
        // It has the same store in its next life.
        expect(await answer('/ending')).toEqual([200, '["stop","deferred second","deferred first"]']);
      });

      it('finishes the requests it has while the next one takes the new ones', async () => {
        const parts = fetch('/parts');
        const reloading = runtime.reload('conformance');
        expect(await (await parts).text()).toBe('one two three');
        expect(await reloading).toMatchObject({ outcome: 'swapped', cancelled: 0 });
        expect(await answer('/self')).toEqual([200, expect.stringContaining('"generation":2')]);
      });

      it('registers nothing once it has started; trying it is a fault', async () => {
        await runtime.load(fixture('latecomer'));
        expect(await answer('/here')).toEqual([200, 'here']);
        await expect.poll(() => runtime.metrics()).toMatch(/panics?\w*\{[^}]*latecomer[^}]*\} 1/);
        expect((await answer('/late'))[0]).toBe(404);
      });
    });
  });
}
