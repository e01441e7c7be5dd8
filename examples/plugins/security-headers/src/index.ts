import { definePlugin } from '@hotswap/sdk';

interface Config {
  readonly headers: Readonly<Record<string, string>>;
}

export default definePlugin<Config>({
  start(ctx) {
    const added = Object.entries(ctx.config.headers);
    // A hook sees heads only: however large an answer is, its body never passes through here.
    ctx.http.onResponse({ priority: 10 }, ({ headers }) => {
      for (const [name, value] of added) if (!headers.has(name)) headers.set(name, value);
    });
  },
});
