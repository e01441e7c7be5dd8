// Plugins in a Hono app, which runs wherever there is `fetch`: here it is called without any server.
import { join } from 'node:path';
import { createRuntime } from '@hotswap/runtime';
import { Hono } from 'hono';

await using runtime = await createRuntime({ plugins: join(import.meta.dirname, '../plugins') }).start();

const app = new Hono();
app.get('/', (context) => context.text('the app itself\n'));
app.all('*', (context) => runtime.fetch(context.req.raw));

for (const path of process.argv.slice(2)) console.log(await (await app.request(path)).text());
