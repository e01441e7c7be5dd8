import { describe, expect, it } from 'vitest';
import { createFakeClock } from '@hotswap/test-kit';
import { ServiceDirectory } from './service-directory.ts';
import type { ServiceMethod } from './service-directory.ts';

function setUp(options: { readonly copyValues?: boolean } = {}) {
  const clock = createFakeClock();
  const directory = new ServiceDirectory({ clock, ...options });
  const provide = (generation: number, locate: ServiceMethod, plugin = 'geo-plugin') =>
    directory.attach('geo', { plugin, generation, methods: { locate } });
  const locate = (input: unknown = {}, signal?: AbortSignal) =>
    directory.call('geo', 'locate', input, { signal, timeoutMs: 1_000 });
  return { clock, directory, provide, locate };
}

describe('the service directory', () => {
  it("calls the provider's method and gives its answer", async () => {
    const { provide, locate } = setUp();
    provide(1, (input) => ({ country: `of ${String(input)}` }));
    expect(await locate('here')).toEqual({ country: 'of here' });
  });

  it('lets a call wait until a provider comes', async () => {
    const { provide, locate, clock } = setUp();
    const answer = locate();
    await clock.advance(500);
    provide(1, () => 'here');
    expect(await answer).toBe('here');
    expect(clock.pending).toBe(0);
  });

  it('says SERVICE_UNAVAILABLE, and who provided the service last, when none comes in time', async () => {
    const { provide, locate, clock } = setUp();
    provide(1, () => 1)();
    const answer = locate();
    const refused = expect(answer).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      message: expect.stringMatching(/geo .*geo-plugin/),
    });
    await clock.advance(1_000);
    await refused;
  });

  it('sends new calls to the new generation while the old one finishes its own', async () => {
    const { provide, locate } = setUp();
    const { promise, resolve } = Promise.withResolvers<string>();
    const detachOld = provide(1, () => promise);
    const begun = locate();
    provide(2, () => 'new');
    detachOld();
    expect(await locate()).toBe('new');
    resolve('old');
    expect(await begun).toBe('old');
  });

  it('refuses a second plugin for the same service', () => {
    const { provide } = setUp();
    provide(1, () => 1);
    expect(() => provide(1, () => 2, 'other')).toThrow(expect.objectContaining({ code: 'SERVICE_CONFLICT' }));
  });

  it('names the methods there are when an unknown one is called', async () => {
    const { directory, provide } = setUp();
    provide(1, () => 1);
    for (const method of ['find', 'toString', '__proto__']) {
      await expect(directory.call('geo', method, {}, { timeoutMs: 10 })).rejects.toMatchObject({
        code: 'METHOD_UNKNOWN',
        details: { known: 'geo.locate' },
      });
    }
  });

  it('ends a call that takes too long, and tells the provider', async () => {
    const { provide, locate, clock } = setUp();
    let seen: AbortSignal | undefined;
    provide(1, (_, { signal }) => ((seen = signal), new Promise(() => {})));
    const refused = expect(locate()).rejects.toMatchObject({ code: 'SERVICE_TIMED_OUT' });
    await clock.advance(1_000);
    await refused;
    expect(seen?.aborted).toBe(true);
  });

  it("ends a call, waiting or running, with the caller's reason", async () => {
    const { provide, locate } = setUp();
    const caller = new AbortController();
    const waiting = expect(locate({}, caller.signal)).rejects.toThrow('left');
    caller.abort(new Error('left'));
    await waiting;
    provide(1, () => 1);
    await expect(locate({}, caller.signal)).rejects.toThrow('left');
  });

  it('passes values by reference, or copies and freezes them where asked', async () => {
    const input = { ip: '::1' };
    const direct = setUp();
    direct.provide(1, (value) => value);
    expect(await direct.locate(input)).toBe(input);

    const copying = setUp({ copyValues: true });
    copying.provide(1, (value) => ({ value, isFrozen: Object.isFrozen(value) }));
    const answer = await copying.locate(input);
    expect(answer).toEqual({ value: input, isFrozen: true });
    expect(Object.isFrozen(answer)).toBe(true);
  });

  it('names the place of a value that cannot be copied, in inputs and outputs', async () => {
    const { provide, locate } = setUp({ copyValues: true });
    provide(1, () => ({ ok: 1, done: Symbol('done') }));
    await expect(locate({ a: [1, { run: Symbol('run') }] })).rejects.toMatchObject({
      code: 'VALUE_NOT_CLONEABLE',
      details: { path: 'geo.locate input.a[1].run' },
    });
    await expect(locate()).rejects.toMatchObject({ details: { path: 'geo.locate output.done' } });
  });

  it.each([true, false])('refuses a plain function in an input, values copied: %s', async (copyValues) => {
    const { provide, locate } = setUp({ copyValues });
    provide(1, () => 1);
    await expect(locate({ a: [1, { run() {} }] })).rejects.toMatchObject({
      code: 'CALLBACK_NEEDED',
      details: { path: 'geo.locate input.a[1].run' },
    });
  });

  it('tells a follower how a service stands, and of what has changed once a turn is over', async () => {
    const { directory, provide } = setUp();
    const told: string[] = [];
    const stop = directory.follow('geo', ({ state, generation }) => told.push(`${state} ${generation}`));
    const detachFirst = provide(1, () => 1);
    await settled();
    detachFirst();
    const detachSecond = provide(2, () => 2);
    await settled();
    // A publish that was taken back.
    detachSecond();
    const detachAgain = provide(2, () => 2);
    await settled();
    expect(directory.services()).toEqual([{ name: 'geo', plugin: 'geo-plugin', generation: 2, methods: ['locate'] }]);
    detachAgain();
    await settled();
    stop();
    provide(3, () => 3);
    await settled();
    expect(told).toEqual(['withdrawn undefined', 'provided 1', 'replaced 2', 'withdrawn 2']);
    expect(directory.providerOf('geo')).toBe('geo-plugin');
  });
});

/** What is told in the microtasks of this turn has been told. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
