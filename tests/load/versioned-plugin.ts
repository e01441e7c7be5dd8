import { downloadParts, partBytes } from './clients.ts';

/** The body of `start` of one version: answers every kind of client, each answer marked with its version. */
export function versionedPlugin(version: number): string {
  return `
    const version = 'v${version}';
    const headers = { 'x-version': '${version}' };
    ctx.http.get('/quick', () => new Response(version, { headers }));
    ctx.http.get('/later', async () => {
      await ctx.clock.sleep(10);
      return new Response(version, { headers });
    });
    ctx.http.post('/echo', async (request) => new Response(version + ' ' + (await request.text()), { headers }));
    ctx.http.post('/upload', async (request) => {
      let bytes = 0;
      for await (const part of request.body) bytes += part.byteLength;
      return new Response(version + ' ' + bytes, { headers });
    });
    async function* download() {
      for (let part = 0; part < ${downloadParts}; part++) yield (version + ' ').padEnd(${partBytes}, '.');
    }
    ctx.http.get('/download', () => new Response(download(), { headers }));
    ctx.http.onResponse({ paths: ['/events'] }, (head) => void head.headers.set('x-version', '${version}'));
    ctx.http.sse('/events', async function* (request, { signal }) {
      for (let id = Number(request.headers.get('last-event-id')) + 1; id <= 140 && !signal.aborted; id++) {
        yield { id: String(id), data: version };
        await ctx.clock.sleep(20);
      }
      yield { id: '141', data: 'end' };
    });
    ${version % 2 === 0 ? "ctx.http.get('/even', () => new Response('even'));" : ''}
  `;
}
