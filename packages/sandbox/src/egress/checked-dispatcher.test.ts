import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createCheckedDispatcher } from './checked-dispatcher.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(() => (server.closeAllConnections(), server.close()));
  return (server.address() as AddressInfo).port;
}

/** Answers each question about a host with the next of these. */
async function dispatcherOver(answers: (readonly string[] | Error)[]) {
  const asked: string[] = [];
  const checked = await createCheckedDispatcher(async (host) => {
    asked.push(host);
    const answer = answers[asked.length - 1] ?? new Error('asked once more');
    if (answer instanceof Error) throw answer;
    return answer;
  });
  cleanUps.push(() => checked.close());
  return { ...checked, asked };
}

describe('a checked dispatcher', () => {
  it('dials the address that was checked, under the name of the address line', async () => {
    const port = await serve((request, response) => response.end(request.headers.host));
    const { dispatcher, asked } = await dispatcherOver([['127.0.0.1']]);
    const answer = await fetch(`http://no-name-server-knows.invalid:${port}/`, { dispatcher });
    expect(await answer.text()).toBe(`no-name-server-knows.invalid:${port}`);
    expect(asked).toEqual(['no-name-server-knows.invalid']);
  });

  it('asks again for each connection, and makes none where the answer has become another', async () => {
    const served: string[] = [];
    const port = await serve((request, response) => {
      served.push(String(request.url));
      response.setHeader('connection', 'close');
      response.end('checked');
    });
    const refusal = Object.assign(new Error('leads inside'), { code: 'REFUSED' });
    const { dispatcher, asked } = await dispatcherOver([['127.0.0.1'], refusal]);
    const get = async (path: string) => (await fetch(`http://rebinding.invalid:${port}${path}`, { dispatcher })).text();
    expect(await get('/first')).toBe('checked');
    await expect(get('/second')).rejects.toMatchObject({ cause: refusal });
    expect(asked).toHaveLength(2);
    expect(served).toEqual(['/first']);
  });
});
