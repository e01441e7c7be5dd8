import { definePlugin } from '@hotswap/sdk';

interface Config {
  readonly intervalMs: number;
}

export default definePlugin<Config>({
  start(ctx) {
    const { intervalMs } = ctx.config;
    ctx.http.sse('/ticks', async function* (request, { signal }) {
      // A swap ends the stream with a reconnect hint; the client comes back with the last id it saw and misses nothing.
      let tick = lastSeen(request.headers.get('last-event-id'));
      for (;;) {
        tick += 1;
        yield { id: String(tick), event: 'tick', data: { tick, generation: ctx.generation } };
        await ctx.clock.sleep(intervalMs, { signal });
      }
    });
  },
});

/** The client's word: anything that is not a count starts from the beginning. */
function lastSeen(lastEventId: string | null): number {
  return /^\d{1,15}$/.test(lastEventId ?? '') ? Number(lastEventId) : 0;
}
