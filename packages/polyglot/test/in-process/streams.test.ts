import type { ServerDuplexStream } from '@grpc/grpc-js';
import { HotResponse } from '@hotswap/protocol/http';
import { expect, test } from 'vitest';
import type { AnswerFrame, CallFrame } from '../../src/wire/messages.ts';
import { call, caller, givenUp, type Held, refused, request, run, saying } from './plugin-here.ts';

type Stream = ServerDuplexStream<CallFrame, AnswerFrame>;

const text = (words: string): AnswerFrame => ({ chunk: Buffer.from(words) });
const head = (status = 200): AnswerFrame => ({ head: { status, headers: [] } });
const onward: AnswerFrame = { next: { headers: [{ name: 'x-by', value: 'near' }], unchanged: false } };

/** A plugin that answers each stream so. */
function streaming(answer: (stream: Stream) => void): Promise<Held> {
  return run(saying([{ route: { method: 'POST', path: '/here', streams: true } }], { HandleStream: answer }));
}

/** A middleware that does so with each call. */
function between(
  answer: (stream: Stream) => void,
  reads: { readonly readsRequest?: boolean; readonly readsResponse?: boolean } = {},
): Promise<Held> {
  const middleware = { paths: ['/*'], priority: 1, readsRequest: false, readsResponse: false, ...reads };
  return run(saying([{ middleware }], { HandleStream: answer }));
}

/** Says those frames at once, and the end. */
function frames(...list: readonly AnswerFrame[]): (stream: Stream) => void {
  return (stream) => {
    stream.on('error', () => {}).resume();
    for (const frame of list) stream.write(frame);
    stream.end();
  };
}

/** Says `first` when the call opens, and `last` with the end once something stood behind has answered. */
function aroundAnswer(first: readonly AnswerFrame[], last: readonly AnswerFrame[]): (stream: Stream) => void {
  return (stream) => {
    stream.on('error', () => {});
    stream.on('data', ({ open, answered }: CallFrame) => {
      if (open !== undefined) for (const frame of first) stream.write(frame);
      if (answered === undefined) return;
      for (const frame of last) stream.write(frame);
      stream.end();
    });
  };
}

async function* breakingOff(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('a');
  throw new Error('the line went dead');
}

const behind = async (): Promise<HotResponse> => new HotResponse('from behind', { status: 202 });

test('a stream that is answered with an error fails with it', async () => {
  const plugin = await streaming(frames({ error: { code: 'OUT_OF_INK', kind: 'conflict', message: 'no ink' } }));
  await expect(call(plugin, request(), caller)).rejects.toMatchObject({ code: 'OUT_OF_INK', kind: 'conflict' });
});

test.for([
  ['no answer at all', [], 'the end of a call before its answer'],
  ['a body without a head', [text('a')], 'a part of a body before its head'],
  ['an end without a head', [{ end: true }], 'a part of a body before its head'],
  ['what a middleware says', [onward], 'what only a middleware may answer'],
] as const)('a route that gives %0s is refused', async ([, list, problem]) => {
  await expect(call(await streaming(frames(...list)), request(), caller)).rejects.toMatchObject(refused(problem));
});

test('another frame within a body ends the body with why', async () => {
  const response = await call(await streaming(frames(head(), text('a'), head())), request(), caller);
  await expect(response.text()).rejects.toMatchObject(refused('another frame within a body'));
});

test('a body that nobody wants any more gives the call up', async () => {
  const seen = Promise.withResolvers<void>();
  const plugin = await streaming((stream) => {
    stream.on('error', () => {}).resume();
    void givenUp(stream).then(seen.resolve);
    stream.write(head());
    stream.write(text('a'));
  });
  const response = await call(plugin, request(), caller);
  for await (const part of response.body ?? []) {
    expect(String(part)).toBe('a');
    break;
  }
  await seen.promise;
});

test('an answer that has no body is complete with its head, and what follows gives the call up', async () => {
  const seen = Promise.withResolvers<void>();
  const plugin = await streaming((stream) => {
    stream.on('error', () => {}).resume();
    void givenUp(stream).then(seen.resolve);
    stream.write(head(204));
    stream.write(text('but'));
  });
  const response = await call(plugin, request(), caller);
  expect([response.status, await response.text()]).toEqual([204, '']);
  await seen.promise;
});

test('a request whose body breaks off fails with why, and the plugin is told', async () => {
  const seen = Promise.withResolvers<void>();
  const plugin = await streaming((stream) => {
    stream.on('error', () => {}).resume();
    void givenUp(stream).then(seen.resolve);
  });
  await expect(call(plugin, request(breakingOff()), caller)).rejects.toThrow('the line went dead');
  await seen.promise;
});

test('a plugin that breaks a stream off fails it with the status that it gave', async () => {
  const plugin = await streaming((stream) => {
    stream.resume();
    stream.emit('error', Object.assign(new Error('lost'), { code: 10, details: 'lost' }));
  });
  await expect(call(plugin, request(), caller)).rejects.toMatchObject({
    code: 'GRPC_CALL_FAILED',
    message: expect.stringContaining('HandleStream with ABORTED: lost'),
  });
});

test('a middleware changes the fields of the request and of the answer and sees neither body', async () => {
  const pass = { status: 203, headers: [{ name: 'x-back', value: 'near' }] };
  const plugin = await between(aroundAnswer([onward], [{ pass }]));
  const next = async (given: { readonly headers: Headers }): Promise<HotResponse> =>
    new HotResponse(`by ${given.headers.get('x-by')}`);
  const response = await call(plugin, request('ink'), next, caller);
  expect([response.status, response.headers.get('x-back'), await response.text()]).toEqual([203, 'near', 'by near']);
});

test('a middleware that fails the call fails it before and behind', async () => {
  const error = { code: 'NOT_TODAY', kind: 'forbidden', message: 'not today' };
  const before = await between(frames({ error }));
  await expect(call(before, request(), behind, caller)).rejects.toMatchObject({ code: 'NOT_TODAY' });
  const after = await between(aroundAnswer([onward], [{ error }]));
  await expect(call(after, request(), behind, caller)).rejects.toMatchObject({ code: 'NOT_TODAY' });
});

test('a middleware may not pass on what nobody has answered, nor go on twice, nor pass a body that it took', async () => {
  const problem = refused('`pass` or `next` where neither may be');
  const pass = { status: 200, headers: [] };
  const early = await between(frames({ pass }));
  await expect(call(early, request(), behind, caller)).rejects.toMatchObject(problem);
  const twice = await between(aroundAnswer([onward], [onward]));
  await expect(call(twice, request(), behind, caller)).rejects.toMatchObject(problem);
  const taken = await between(aroundAnswer([onward], [{ pass }]), { readsResponse: true });
  await expect(call(taken, request(), behind, caller)).rejects.toMatchObject(problem);
});

test('what fails behind a middleware fails the call, and the middleware is told', async () => {
  const seen = Promise.withResolvers<void>();
  const plugin = await between((stream) => {
    stream.on('error', () => {}).resume();
    void givenUp(stream).then(seen.resolve);
    stream.write(onward);
  });
  const broken = (): never => {
    throw new Error('nobody is there');
  };
  await expect(call(plugin, request(), broken, caller)).rejects.toThrow('nobody is there');
  await seen.promise;
});

test('a body that a middleware hands on and nobody reads is dropped up to its end', async () => {
  const pass = { status: 200, headers: [] };
  const plugin = await between(aroundAnswer([onward, text('a'), text('b'), { end: true }], [{ pass }]), {
    readsRequest: true,
  });
  expect(await (await call(plugin, request('ink'), behind, caller)).text()).toBe('from behind');
  expect(await (await call(plugin, request(), behind, caller)).text()).toBe('from behind');
});

test('a middleware that hands on more than one body is refused', async () => {
  const plugin = await between(aroundAnswer([onward, { end: true }, text('more')], []), { readsRequest: true });
  await expect(call(plugin, request('ink'), behind, caller)).rejects.toMatchObject(
    refused('a part of a body before its head'),
  );
});

test('a middleware that breaks off the body that it hands on fails whoever reads it', async () => {
  const plugin = await between(frames(onward, text('a')), { readsRequest: true });
  const reading = async (given: { text(): Promise<string> }): Promise<HotResponse> =>
    new HotResponse(await given.text());
  await expect(call(plugin, request('ink'), reading, caller)).rejects.toMatchObject(
    refused('the end of a call within a body'),
  );
});
