// A user's program against the packed packages: types are checked, then it runs, outside the workspace.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createRuntime } from '@hotswap/runtime';

const level = process.argv[2] ?? 'basic';

await using runtime = await createRuntime({ plugins: `./plugins-${level}` }).start();
const server = createServer(runtime.listener()).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const { port } = server.address() as AddressInfo;

const ask = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/hello/ada`)).text();

const before = await ask();
const report = await runtime.swap('greeter', `./next-${level}`);
const after = await ask();
console.log(JSON.stringify({ before, outcome: report.outcome, after }));

server.closeAllConnections();
server.close();
