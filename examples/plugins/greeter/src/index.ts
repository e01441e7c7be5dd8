import { definePlugin } from '@hotswap/sdk';

interface Config {
  readonly greeting: string;
}

export default definePlugin<Config>({
  start(ctx) {
    ctx.http.get('/hello/:name', (_request, { params }) => new Response(`${ctx.config.greeting} ${params['name']}\n`));
  },
});
