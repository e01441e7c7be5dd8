import { definePlugin, defineService, method } from '@hotswap/sdk';

/** What this plugin needs of the other one. The name joins the two: nothing of the other's code is imported. */
const visits = defineService('visits', {
  top: method<{ readonly limit: number }, readonly { readonly page: string; readonly visits: number }[]>(),
});

export default definePlugin({
  start(ctx) {
    const { top } = ctx.use(visits);
    ctx.http.get('/popular', async (_request, { signal }) => {
      const pages = await top({ limit: 3 }, { signal });
      const lines = pages.map((page, index) => `${index + 1}. ${page.page} (${page.visits})\n`);
      return new Response(lines.join('') || 'no page was visited yet: POST /visits/some-page\n');
    });
  },
});
