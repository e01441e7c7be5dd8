// Plugins in a plain node:http server: what no plugin answers is 404.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createRuntime } from '@hotswap/runtime';

await using runtime = await createRuntime({ plugins: join(import.meta.dirname, '../plugins') }).start();

const server = createServer(runtime.listener()).listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1');
await once(server, 'listening');
const address = server.address();
if (address !== null && typeof address === 'object') console.log(`listening on http://127.0.0.1:${address.port}`);

// On the way out: no new requests, then the answers under way, then the plugins.
await once(process, 'SIGTERM');
server.close();
await once(server, 'close');
