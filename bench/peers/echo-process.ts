// Answers each call with what it was sent, in the way that its first argument names; the second one is a socket's path.
import { createServer } from 'node:http';
import { Socket } from 'node:net';
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { connectEcho, grpcEcho } from './echo-services.ts';
import { serveRawEcho } from './raw-socket.ts';

const [kind, path = ''] = process.argv.slice(2);
const ready = (): void => void process.send?.('ready');
process.on('disconnect', () => process.exit(0));

if (kind === 'socket') {
  serveRawEcho(new Socket({ fd: 4 }));
  ready();
} else if (kind === 'ipc') {
  process.on('message', (message) => process.send?.(message));
  ready();
} else if (kind === 'http') {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts);
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length });
      response.end(body);
    });
  });
  server.listen(path, ready);
} else if (kind === 'grpc') {
  const { Server, ServerCredentials } = await import('@grpc/grpc-js');
  const server = new Server();
  server.addService(grpcEcho, {
    echo: (call: { request: Buffer }, answer: (error: null, value: Buffer) => void) => answer(null, call.request),
  });
  server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) => {
    if (error !== null) throw error;
    ready();
  });
} else if (kind === 'connect') {
  const { connectNodeAdapter } = await import('@connectrpc/connect-node');
  const method = await connectEcho();
  const routes = connectNodeAdapter({
    routes: (router) => router.rpc(method, (request: MessageShape<DescMessage>) => request),
  });
  createServer(routes).listen(path, ready);
}
