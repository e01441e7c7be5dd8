import { setImmediate as turn } from 'node:timers/promises';
import { isCodedError } from '@hotswap/protocol';
import { expect, it } from 'vitest';
import type { InboundCall, PendingCall } from './calls.ts';
import type { ServeCall, TakeMessage } from './channel.ts';
import { createChannelPair, type EndParts } from './fixtures/channel-pair.ts';
import { fail } from '../errors.ts';

const never = (): Promise<never> => new Promise(() => {});
const serving = (calls: Readonly<Record<string, ServeCall>>, more: EndParts = {}): EndParts => ({
  calls: new Map(Object.entries(calls)),
  ...more,
});
const toCode = (error: unknown): unknown => (isCodedError(error) ? error.code : error);
const answersTo = (message: readonly unknown[]) => [...message];

it('answers each call with what is returned for it, at once or later, in whatever order', async () => {
  const { host } = createChannelPair(
    {},
    serving({
      double: ([, , value]) => Number(value) * 2,
      later: async ([, , value]) => {
        await turn();
        return `${String(value)} later`;
      },
    }),
  );
  const later = host.channel.call(['later', 0, 'a']);
  const soon = host.channel.call(['double', 0, 21]);
  expect(await soon.promise).toBe(42);
  expect(await later.promise).toBe('a later');
  expect(host.channel.pendingCount).toBe(0);
});

it('tells the outcome of a call to a listener, also where that comes late, and to whoever awaits the call', async () => {
  const { host } = createChannelPair(
    {},
    serving({
      say: ([, , value]) => value,
      refuse: () => {
        throw fail('SECRET_UNKNOWN', { secret: 'key' });
      },
    }),
  );
  const outcomes: unknown[] = [];
  const listen = (call: PendingCall): void =>
    call.whenSettled(
      (value) => outcomes.push(value),
      (error) => outcomes.push(toCode(error)),
    );
  const [early, late, refused, lateRefused] = [
    host.channel.call(['say', 0, 'early']),
    host.channel.call(['say', 0, 'late']),
    host.channel.call(['refuse', 0]),
    host.channel.call(['refuse', 0]),
  ];
  listen(early);
  listen(refused);
  expect(await host.channel.call(['say', 0, 'awaited'])).toBe('awaited');
  expect(outcomes).toEqual(['early', 'SECRET_UNKNOWN']);
  listen(late);
  listen(lateRefused);
  expect(outcomes.slice(2)).toEqual(['late', 'SECRET_UNKNOWN']);
});

it('goes both ways at once', async () => {
  const pair = createChannelPair(
    serving({ ask: ([, , value]) => `host says ${String(value)}` }),
    serving({ start: async () => (await pair.guest.channel.call(['ask', 0, 'hi']).promise) ?? '' }),
  );
  expect(await pair.host.channel.call(['start', 0]).promise).toBe('host says hi');
});

it('carries errors by code, and others by name, words and stack, marked as foreign', async () => {
  const { host } = createChannelPair(
    {},
    serving({
      coded: () => {
        throw fail('SECRET_UNKNOWN', { secret: 'key' });
      },
      plain: async () => Promise.reject(new TypeError('no such thing')),
      // oxlint-disable-next-line prefer-promise-reject-errors -- what a careless author may do
      odd: () => Promise.reject(undefined),
    }),
  );
  const failed = async (tag: string) => host.channel.call([tag, 0]).promise.catch((error: unknown) => error);
  expect(await failed('coded')).toMatchObject({
    code: 'SECRET_UNKNOWN',
    kind: 'not-found',
    details: { secret: 'key' },
    stack: expect.stringContaining('channel.test.ts'),
  });
  const plain = (await failed('plain')) as Error;
  expect([plain.name, plain.message]).toEqual(['TypeError', 'no such thing']);
  expect(plain.stack).toMatch(/channel\.test\.ts[^]*<the other side of an isolation boundary>$/);
  expect(await failed('odd')).toMatchObject({ message: 'undefined' });
});

it('refuses a value that cannot be copied, to the one who gave it', async () => {
  const { host } = createChannelPair({}, serving({ give: () => () => {}, take: answersTo }));
  await expect(host.channel.call(['take', 0, () => {}]).promise).rejects.toMatchObject({ code: 'VALUE_NOT_CLONEABLE' });
  await expect(host.channel.call(['give', 0]).promise).rejects.toMatchObject({ code: 'VALUE_NOT_CLONEABLE' });
  expect(() => host.channel.tell(['take', () => {}])).toThrow(/cannot be copied/);
  expect(host.channel.pendingCount).toBe(0);
});

it('carries an abort across, with its reason; the answer still counts', async () => {
  const { host } = createChannelPair(
    {},
    serving({
      wait: (_, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve((signal.reason as { code: string }).code));
        }),
    }),
  );
  const call = host.channel.call(['wait', 0]);
  await turn();
  call.abort(fail('CALL_TIMED_OUT', { plugin: 'a', limitMs: 5 }));
  call.abort(new Error('a second reason is one too many'));
  expect(await call.promise).toBe('CALL_TIMED_OUT');
  expect(host.sent.filter(([tag]) => tag === 'abort')).toHaveLength(1);
});

it('makes no signal unless somebody looks, and tells one who looks late', async () => {
  let seen: InboundCall | undefined;
  const { host } = createChannelPair({}, serving({ wait: async (_, call) => ((seen = call), never()) }));
  const call = host.channel.call(['wait', 0]);
  call.promise.catch(() => {});
  await turn();
  call.abort(new Error('gone'));
  await turn();
  expect(seen?.signal.aborted).toBe(true);
  expect(seen?.signal.reason).toMatchObject({ message: 'gone' });
});

it('settles every call at once when it is closed, and refuses later ones', async () => {
  const { host, guest } = createChannelPair({}, serving({ wait: never }));
  const calls = Array.from({ length: 100 }, () => host.channel.call(['wait', 0]));
  const outcomes = Promise.allSettled(calls.map(({ promise }) => promise));
  await turn();
  const exit = new Error('it is gone');
  host.channel.close(exit, ({ id }) => (id > 50 ? new Error(`call ${id} never began`) : exit));
  const reasons = (await outcomes).map((outcome) => (outcome.status === 'rejected' ? outcome.reason : outcome));
  expect(reasons.filter((reason) => reason === exit)).toHaveLength(50);
  await expect(host.channel.call(['wait', 0]).promise).rejects.toBe(exit);
  expect(host.channel.pendingCount).toBe(0);
  host.channel.tell(['nothing is sent any more']);
  expect(guest.violations).toEqual([]);
});

it('says of each call once that it is over, also when the channel ends it', async () => {
  const { host } = createChannelPair({}, serving({ wait: never, soon: () => 1 }));
  const ended: string[] = [];
  const [waiting, soon] = [host.channel.call(['wait', 0]), host.channel.call(['soon', 0])];
  waiting.onEnd = () => void ended.push('waiting');
  soon.onEnd = () => void ended.push('soon');
  await soon.promise;
  host.channel.close(new Error('it is gone'));
  await expect(waiting.promise).rejects.toThrow('it is gone');
  expect(ended).toEqual(['soon', 'waiting']);
});

it('refuses calls beyond those that may be under way, and takes new ones when some have ended', async () => {
  const open: (() => void)[] = [];
  const { host, guest } = createChannelPair(
    serving({ wait: () => new Promise<void>((resolve) => void open.push(resolve)) }, { mostCalls: 2 }),
    {},
  );
  const calls = [1, 2, 3].map(() => guest.channel.call(['wait', 0]).promise);
  await expect(calls[2]).rejects.toMatchObject({ code: 'GUEST_CALLS_EXCEEDED', kind: 'limit' });
  expect(host.channel.inboundCount).toBe(2);
  for (const end of open) end();
  await Promise.all(calls.slice(0, 2));
  guest.channel.call(['wait', 0]);
  await expect.poll(() => open.length).toBe(3);
});

it('notes each call before it is worked on', async () => {
  const noted: number[] = [];
  const { host } = createChannelPair(
    {},
    serving({ a: () => noted.length }, { progress: { note: (id) => void noted.push(id) } }),
  );
  expect(await host.channel.call(['a', 0]).promise).toBe(1);
  expect(await host.channel.call(['a', 0]).promise).toBe(2);
  expect(noted).toEqual([1, 2]);
});

it.each([
  ['no list', { tag: 'answer' }],
  ['nothing', undefined],
  ['no tag', [7, 1]],
  ['an unknown tag', ['fly', 1]],
  ['an unknown tag without a number', ['fly']],
  ['a tag that every object has', ['constructor', 1]],
  ['an answer to nothing', ['answer', 99, 1]],
  ['a failure of nothing', ['failure', 99, null]],
  ['a number that is none', ['echo', 0.5]],
  ['a body that flows for ever', ['pull', 1, -5]],
  ['a chunk without a number', ['chunk', 'a', new Uint8Array(1)]],
])('counts %s as a violation and goes on', async (_, garbage) => {
  const { host, guest } = createChannelPair(serving({ echo: ([, , value]) => value }), {});
  guest.sendRaw(garbage);
  expect(await guest.channel.call(['echo', 0, 'still here']).promise).toBe('still here');
  expect(host.violations).toHaveLength(1);
});

it('takes what is told, and counts what its taker refuses', async () => {
  const told: unknown[] = [];
  const say: TakeMessage = ([, word]) => void told.push(word);
  const lie: TakeMessage = () => {
    throw new Error('not true');
  };
  const { host, guest } = createChannelPair({ tells: new Map(Object.entries({ say, lie })) }, {});
  guest.channel.tell(['say', 'word']);
  guest.channel.tell(['say', 7]);
  guest.channel.tell(['lie', 'x']);
  await expect.poll(() => host.violations).toEqual(['not true']);
  expect(told).toEqual(['word', 7]);
});

it('keeps a call whose answer still flows open to aborts, until nothing flows any more', async () => {
  let inbound: InboundCall | undefined;
  const { host, guest } = createChannelPair(
    {},
    serving({
      stream: (_, call) => {
        call.hold();
        inbound = call;
        return 'head';
      },
    }),
  );
  const ended: string[] = [];
  const call = host.channel.call(['stream', 0], (value, pending) => {
    pending.hold();
    pending.onEnd = () => void ended.push('ended');
    return value;
  });
  expect(await call.promise).toBe('head');
  expect([host.channel.pendingCount, guest.channel.inboundCount, ended]).toEqual([1, 1, []]);
  call.abort(new Error('the client left'));
  await expect.poll(() => inbound?.signal.aborted).toBe(true);
  call.letGo();
  inbound?.letGo();
  expect([host.channel.pendingCount, guest.channel.inboundCount, ended]).toEqual([0, 0, ['ended']]);
});
