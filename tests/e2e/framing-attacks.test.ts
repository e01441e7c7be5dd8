import { describe, expect, it } from 'vitest';
import { RawConnection } from '../serving/raw-connection.ts';
import { servePlugins } from '../serving/serve-plugins.ts';

const forged = 'HTTP/1.1 200 OK\\r\\ncontent-length: 6\\r\\n\\r\\nforged';

/** What a plugin tries, as an expression that makes its answer. */
const attacks: Readonly<Record<string, string>> = {
  'a line break in a value': `new Response('a', { headers: { x: 'a\\r\\n\\r\\n${forged}' } })`,
  'a bare line feed in a value': `new Response('a', { headers: { x: 'a\\n\\n${forged}' } })`,
  'a line break in a name': `new Response('a', { headers: { 'x: y\\r\\n\\r\\n${forged}': 'z' } })`,
  'a line break in the status text': `new Response('a', { statusText: 'OK\\r\\n\\r\\n${forged}' })`,
  'a space before the colon': `new Response('a', { headers: { 'content-length ': '0' } })`,
  'a NUL in a value': `new Response('a', { headers: { x: 'a\\0b' } })`,
  'too small a length': `new Response('${forged}', { headers: { 'content-length': '0' } })`,
  'too great a length': `new Response('a', { headers: { 'content-length': '500' } })`,
  'two lengths': `new Response('${forged}', { headers: [['content-length', '${forged.length}'], ['content-length', '1']] })`,
  'a length that is no number': `new Response('${forged}', { headers: { 'content-length': '0x1' } })`,
  'a stream longer than its length': `new Response(parts('a', '${forged}'), { headers: { 'content-length': '1' } })`,
  'a stream shorter than its length': `new Response(parts('a'), { headers: { 'content-length': '500' } })`,
  'chunks of its own': `new Response('0\\r\\n\\r\\n${forged}', { headers: { 'transfer-encoding': 'chunked' } })`,
  'chunks and a length': `new Response(parts('0\\r\\n\\r\\n${forged}'), { headers: { 'transfer-encoding': 'chunked', 'content-length': '3' } })`,
  'an upgrade': `new Response('${forged}', { status: 200, headers: { connection: 'upgrade', upgrade: 'websocket' } })`,
  'switching protocols': `new Response(null, { status: 101, headers: { connection: 'upgrade', upgrade: 'x' } })`,
  'an early hint': `new Response(null, { status: 103, headers: { link: '</a>' } })`,
  'a body with 204': `new Response('${forged}', { status: 204 })`,
  'a body with 304': `new Response('${forged}', { status: 304, headers: { 'content-length': '3' } })`,
  trailers: `new Response(parts('a'), { headers: { trailer: 'x', te: 'trailers' } })`,
  'the same answer twice': `(kept ??= new Response(parts('${forged}')))`,
  'a stream that throws': `new Response(broken('${forged}'))`,
};

const paths = Object.keys(attacks).map((_, index) => `/attack-${index}`);
const plugin = `
  let kept;
  async function* parts(...all) { yield* all; }
  async function* broken(text) { yield text; throw new Error('broken'); }
  ${Object.values(attacks)
    .map((answer, index) => `ctx.http.all('/attack-${index}', () => ${answer});`)
    .join('\n')}
  ctx.http.get('/proper', () => new Response('proper'));`;

const proper = 'GET /proper HTTP/1.1\r\nHost: a\r\n\r\n';

/** Every answer on one connection until it has the proper one, or is closed. */
async function answersTo(port: number, method: string, path: string) {
  using connection = await RawConnection.open(port);
  connection.write(`${method} ${path} HTTP/1.1\r\nHost: a\r\n\r\n${proper}`);
  const answers = [];
  try {
    answers.push(await connection.answer(method), await connection.answer());
  } catch {
    // Closed in the middle of an answer: whatever came is looked at, and nothing may follow.
    await connection.closed();
  }
  return { answers, rest: connection.received, isClosed: connection.isClosed };
}

describe('a plugin that tries to break the framing of its answers', () => {
  const tries = Object.keys(attacks).flatMap((name, index) => {
    const path = paths[index] ?? '';
    return (['GET', 'HEAD', 'POST'] as const).map((method) => [name, method, path] as const);
  });

  it.each(tries)('by %s to %s never answers a request that is not its own', async (_, method, path) => {
    await using serving = await servePlugins({ plugins: { attacker: plugin } });
    // Twice: the second time finds what the first has left.
    for (let time = 0; time < 2; time++) {
      const { answers, rest, isClosed } = await answersTo(serving.port, method, path);
      const [, second] = answers;
      if (second) expect([second.status, second.body]).toEqual([200, 'proper']);
      else expect(isClosed).toBe(true);
      expect(rest).not.toContain('proper');
      for (const { headers } of answers) {
        expect([...headers.keys()]).not.toEqual(expect.arrayContaining(['upgrade']));
        expect(headers.get('connection')).not.toBe('upgrade');
        expect(headers.has('trailer')).toBe(false);
        expect(headers.has('content-length') && headers.has('transfer-encoding')).toBe(false);
      }
    }
    expect(serving.runtime.pluginStatus('attacker').activeRequests).toBe(0);
  });
});
