import { definePlugin } from '@hotswap/sdk';
import { PageCounts } from './page-counts.ts';
import { visitsService } from './visits-service.ts';

interface Config {
  readonly reportEvery: string;
}

export default definePlugin<Config>({
  start(ctx) {
    const counts = new PageCounts(ctx.storage);
    const counted = ctx.metrics.counter('visits_total', { help: 'Visits that were counted.' });

    ctx.http.post('/visits/:page', async (_request, { params: { page = '' } }) => {
      if (!/^[a-z0-9-]{1,64}$/.test(page)) {
        return Response.json({ error: 'a page is 1 to 64 of a-z, 0-9 and -' }, { status: 400 });
      }
      const visits = await counts.add(page);
      counted.add(1);
      return Response.json({ page, visits });
    });
    ctx.http.get('/visits', async () => Response.json(await counts.top(100)));

    ctx.provide(visitsService, { top: ({ limit }) => counts.top(limit) });

    ctx.tasks.every(ctx.config.reportEvery, 'report the most visited page', async () => {
      const [first] = await counts.top(1);
      if (first !== undefined) ctx.log.info({ ...first }, 'most visited page');
    });
  },
});
