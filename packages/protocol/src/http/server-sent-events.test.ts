import { describe, expect, it } from 'vitest';
import { encodeEvent, eventStream } from './server-sent-events.ts';
import type { EventFields } from './server-sent-events.ts';

const never = new AbortController().signal;

async function* twoEvents(): AsyncGenerator<EventFields> {
  yield { data: 1 };
  yield { data: 2 };
}

async function* stuck(): AsyncGenerator<EventFields> {
  yield { data: 'first' };
  await new Promise(() => {});
}

// oxlint-disable-next-line require-yield -- it fails before its first event
async function* broken(): AsyncGenerator<EventFields> {
  throw new Error('no feed');
}

describe('server-sent events', () => {
  it('writes id, event, retry and every line of the data', () => {
    expect(encodeEvent({ data: 'a\nb\r\nc', event: 'tick', id: '7', retry: 5 })).toBe(
      'event: tick\nid: 7\nretry: 5\ndata: a\ndata: b\ndata: c\n\n',
    );
    expect(encodeEvent({ data: { a: 1 } })).toBe('data: {"a":1}\n\n');
  });

  it('never lets a line break in a name or an id start a field', () => {
    expect(encodeEvent({ data: 'x', event: 'a\ndata: forged', id: '1\r\n\r\ndata: forged' })).toBe(
      'event: a data: forged\nid: 1 data: forged\ndata: x\n\n',
    );
  });

  it('answers a stream that nobody caches and ends with the events', async () => {
    const response = eventStream(twoEvents(), never);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.text()).toBe('data: 1\n\ndata: 2\n\n');
  });

  it('ends with a reconnect hint when the signal is aborted, also while the author waits', async () => {
    const drain = new AbortController();
    const reader = eventStream(stuck(), drain.signal).body!.getReader();
    await reader.read();
    const next = reader.read();
    drain.abort();
    expect(Buffer.from((await next).value).toString()).toBe('retry: 1000\n\n');
    expect((await reader.read()).done).toBe(true);
  });

  it('tells each stream when to come back', async () => {
    const text = eventStream(stuck(), AbortSignal.abort(), { retryMs: () => 1_234 }).text();
    expect(await text).toBe('retry: 1234\n\n');
  });

  it('shows that it is alive between events, and loses none over it', async () => {
    let beat = (): void => {};
    let isStopped = false;
    const { promise: second, resolve: giveSecond } = Promise.withResolvers<void>();
    const events = async function* (): AsyncGenerator<EventFields> {
      yield { data: 1 };
      await second;
      yield { data: 2 };
    };
    const onHeartbeat = (call: () => void) => {
      beat = call;
      return () => void (isStopped = true);
    };
    const reader = eventStream(events(), never, { onHeartbeat }).body!.getReader();
    const read = async (): Promise<string> => Buffer.from((await reader.read()).value).toString();
    expect(await read()).toBe('data: 1\n\n');
    const beaten = [read(), read()];
    beat();
    expect(await beaten[0]).toBe(':\n\n');
    beat();
    expect(await beaten[1]).toBe(':\n\n');
    giveSecond();
    expect(await read()).toBe('data: 2\n\n');
    expect((await reader.read()).done).toBe(true);
    expect(isStopped).toBe(true);
  });

  it("fails with the author's error", async () => {
    await expect(eventStream(broken(), never).text()).rejects.toThrow('no feed');
  });
});
