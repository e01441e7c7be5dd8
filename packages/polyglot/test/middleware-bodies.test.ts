import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { HotResponse } from '@hotswap/protocol/http';
import { definePlugin } from '@hotswap/sdk';
import { expect, onTestFinished, test } from 'vitest';
import { startHost } from './running-host.ts';
import { temporaryFolder } from './toolchains.ts';
import { makeIdentity } from '../src/launch/certificate.ts';
import { pluginService } from '../src/serve/plugin-service.ts';
import type { AnswerFrame, CallFrame, InitializeResponse, ServingStatus } from '../src/wire/messages.ts';
import { services } from '../src/wire/services.ts';

const folder = temporaryFolder();

/** Turns both bodies into capitals: that of the request, and what came back with a mark around it. */
async function shout(stream: ServerDuplexStream<CallFrame, AnswerFrame>): Promise<void> {
  const frames: AsyncIterator<CallFrame> = stream[Symbol.asyncIterator]();
  let isBehind = false;
  for (let ends = 0; ends < 2;) {
    const { done, value: frame } = await frames.next();
    if (done === true) return;
    if (frame.open !== undefined) stream.write({ next: { headers: [], unchanged: true } });
    if (frame.answered !== undefined) {
      isBehind = true;
      stream.write({ head: { status: 201, headers: [] } });
      stream.write({ chunk: Buffer.from('<') });
    }
    if (frame.chunk !== undefined) stream.write({ chunk: Buffer.from(String(frame.chunk).toUpperCase()) });
    if (frame.end === undefined) continue;
    stream.write(isBehind ? { chunk: Buffer.from('>') } : { end: true });
    ends += 1;
  }
  stream.end();
}

test('a middleware may read and replace the bodies of requests and answers', async () => {
  const [host, elsewhere] = await Promise.all([makeIdentity(), makeIdentity()]);
  const server = new Server();
  const { plugin, health } = services();
  const initialize = (
    _: ServerUnaryCall<object, InitializeResponse>,
    answer: sendUnaryData<InitializeResponse>,
  ): void => {
    const middleware = { paths: ['/*'], priority: 1, readsRequest: true, readsResponse: true };
    answer(null, { registrations: [{ id: 1, middleware }] });
  };
  const handleStream = (stream: ServerDuplexStream<CallFrame, AnswerFrame>): void => void shout(stream);
  server.addService({ ...plugin }, { ...pluginService({}), Initialize: initialize, HandleStream: handleStream });
  const check = (_: ServerUnaryCall<object, ServingStatus>, answer: sendUnaryData<ServingStatus>): void =>
    answer(null, { status: 'SERVING' });
  server.addService({ ...health }, { Check: check });
  const pair = { private_key: Buffer.from(elsewhere.privateKey), cert_chain: Buffer.from(elsewhere.certificate) };
  const bound = Promise.withResolvers<number>();
  const credentials = ServerCredentials.createSsl(Buffer.from(host.certificate), [pair], true);
  server.bindAsync('localhost:0', credentials, (_, port) => bound.resolve(port));
  onTestFinished(() => server.forceShutdown());
  const shouting = join(folder, 'shouting');
  mkdirSync(shouting);
  writeFileSync(join(shouting, 'ca.pem'), elsewhere.certificate);
  const executable = { protocol: 'grpc', target: `grpcs://localhost:${await bound.promise}`, ca: 'ca.pem' };
  const manifest = { name: 'shouting', version: '1.0.0', engines: { hotswap: '^1.0.0' }, hotswap: { executable } };
  writeFileSync(join(shouting, 'package.json'), JSON.stringify(manifest));
  const { runtime } = await startHost({}, { identity: host });
  const definition = definePlugin({
    start: (ctx) => ctx.http.post('/echo', async (request) => new HotResponse(`you said ${await request.text()}`)),
  });
  await runtime.load({ name: 'echo', definition });
  expect((await runtime.load(shouting)).reason).toBeUndefined();
  const body = 'abc'.repeat(100_000);
  const response = await runtime.fetch(new Request('http://host.test/echo', { method: 'POST', body }));
  expect(response.status).toBe(201);
  expect(await response.text()).toBe(`<YOU SAID ${body.toUpperCase()}>`);
});
