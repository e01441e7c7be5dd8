import { expect, it } from 'vitest';
import { listen } from '../src/http/listen.ts';
import { inMemory, run } from './running-runtime.ts';

it('a server that closes lets event streams go at once, with a hint to come back', async () => {
  await using host = await run();
  await host.runtime.load(
    inMemory('ticker', {
      start: (ctx) =>
        ctx.http.sse('/ticks', async function* (_request, { signal }) {
          yield { data: 'first' };
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        }),
    }),
  );
  const server = await listen(host.runtime.listener(), { port: 0 });
  const answer = await fetch(`${server.url}/ticks`);
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader.read()).value).toContain('first');
  const closing = server.close({ graceMs: 60_000 });
  let rest = '';
  for (let part = await reader.read(); !part.done; part = await reader.read()) rest += part.value;
  expect(rest).toContain('retry:');
  await closing;
});
