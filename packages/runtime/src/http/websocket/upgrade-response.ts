import { type IncomingMessage, ServerResponse } from 'node:http';

/** An answer to a request that came as an upgrade; its connection ends with it. */
export function responseOn(request: IncomingMessage): ServerResponse {
  const { socket } = request;
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => {
    response.detachSocket(socket);
    socket.destroySoon();
  });
  // A client that is gone already has nothing more to say.
  socket.on('error', () => {});
  return response;
}
