// Plugins in a Koa app. What no plugin answers goes on to the app's own middleware.
import { once } from 'node:events';
import { join } from 'node:path';
import { createRuntime } from '@hotswap/runtime';
import Koa from 'koa';

await using runtime = await createRuntime({ plugins: join(import.meta.dirname, '../plugins') }).start();

const app = new Koa();
app.use(runtime.koa());
app.use((context) => {
  if (context.path === '/') context.body = 'the app itself\n';
});

const server = app.listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1');
await once(server, 'listening');
const address = server.address();
if (address !== null && typeof address === 'object') console.log(`listening on http://127.0.0.1:${address.port}`);

// On the way out: no new requests, then the answers under way, then the plugins.
await once(process, 'SIGTERM');
server.close();
await once(server, 'close');
