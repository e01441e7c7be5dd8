import { definePlugin } from '@hotswap/sdk';
import { armouredKey } from './armoured-key.ts';
import { exampleKey } from './example-key.ts';
import { inspectKey } from './inspect-key.ts';

export default definePlugin({
  start(ctx) {
    const inspected = ctx.metrics.counter('keys_inspected_total', { help: 'Keys by verdict.', labels: ['verdict'] });

    ctx.http.get('/keys/example', () => new Response(`${exampleKey}\n`));
    ctx.http.post('/keys/inspect', async (request) => {
      const input = armouredKey.safeParse(await request.text());
      if (!input.success) return refuse(input.error.issues[0]?.message ?? 'this is no armoured public key');
      try {
        const report = await inspectKey(input.data);
        inspected.add(1, { verdict: 'read' });
        return Response.json(report);
      } catch (error) {
        ctx.log.debug({ reason: String(error) }, 'a key could not be read');
        return refuse('the armour is damaged, or what is in it is no public key');
      }
    });

    function refuse(error: string): Response {
      inspected.add(1, { verdict: 'refused' });
      return Response.json({ error }, { status: 400 });
    }
  },
});
