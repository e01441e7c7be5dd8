const { createServer } = require('node:net');
const { once } = require('node:events');
const { held } = require('../held.cjs');

// Waits for the world outside to knock at the port it was told.
module.exports = async (target) => {
  const server = createServer((socket) => socket.end('in'));
  server.listen(target.knockPort, '127.0.0.1');
  await once(server, 'listening');
  try {
    const [socket] = await once(server, 'connection', { signal: AbortSignal.timeout(2_000) });
    socket.destroy();
    return 'somebody outside came in through a port';
  } catch {
    return held('nobody could reach the port');
  } finally {
    server.close();
  }
};
