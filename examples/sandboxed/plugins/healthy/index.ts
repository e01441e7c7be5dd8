import { definePlugin } from '@hotswap/sdk';

export default definePlugin({
  start(ctx) {
    ctx.http.get('/hello/:name', (_request, { params }) => new Response(`hello ${params['name']}`));
  },
});
