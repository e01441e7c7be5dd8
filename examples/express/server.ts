// Plugins in an Express app. They come before body parsers; what no plugin answers goes on to the app's own routes.
import { once } from 'node:events';
import { join } from 'node:path';
import { createRuntime } from '@hotswap/runtime';
import express from 'express';

await using runtime = await createRuntime({ plugins: join(import.meta.dirname, '../plugins') }).start();

const app = express();
app.use(runtime.express());
app.get('/', (_request, response) => {
  response.send('the app itself\n');
});

const server = app.listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1');
await once(server, 'listening');
const address = server.address();
if (address !== null && typeof address === 'object') console.log(`listening on http://127.0.0.1:${address.port}`);

// On the way out: no new requests, then the answers under way, then the plugins.
await once(process, 'SIGTERM');
server.close();
await once(server, 'close');
