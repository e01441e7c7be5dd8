// A plugin with state and WebSocket connections is moved into a thread of its own, by the packed packages alone.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createRuntime } from '@hotswap/runtime';

await using runtime = await createRuntime({ plugins: './plugins-counter' }).start();
const server = createServer(runtime.listener());
const sockets = runtime.websockets(server);
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;

const count = async (): Promise<number> =>
  Number(await (await fetch(`http://${address}/count`, { method: 'POST' })).text());

const before = [await count(), await count()];
const { outcome, reason } = await runtime.promote('counter', 'strict');
const after = await count();
const { isolation } = runtime.pluginStatus('counter');

const socket = new WebSocket(`ws://${address}/echo`);
await once(socket, 'open');
const answered = once(socket, 'message');
socket.send('hello');
const [message] = (await answered) as [{ readonly data: string }];
socket.close();
await once(socket, 'close');
console.log(JSON.stringify({ before, outcome, reason, isolation, after, echo: message.data }));

await sockets[Symbol.asyncDispose]();
server.closeAllConnections();
server.close();
