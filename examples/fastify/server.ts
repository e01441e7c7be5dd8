// Plugins in a Fastify app. They come before its body parsers; what no plugin answers goes on to the app's own routes.
import { once } from 'node:events';
import { join } from 'node:path';
import { createRuntime } from '@hotswap/runtime';
import { fastify } from 'fastify';

await using runtime = await createRuntime({ plugins: join(import.meta.dirname, '../plugins') }).start();

const app = fastify();
await app.register(runtime.fastify);
app.get('/', () => 'the app itself\n');

const url = await app.listen({ port: Number(process.env['PORT'] ?? 8080), host: '127.0.0.1' });
console.log(`listening on ${url}`);

// On the way out: no new requests, then the answers under way, then the plugins.
await once(process, 'SIGTERM');
await app.close();
