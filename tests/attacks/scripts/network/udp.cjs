const { createSocket } = require('node:dgram');
const { once } = require('node:events');
const { held } = require('../held.cjs');

module.exports = async (target) => {
  const socket = createSocket('udp4');
  socket.on('error', () => {});
  try {
    socket.send('ask', target.udpPort, '127.0.0.1');
    const [answer] = await once(socket, 'message', { signal: AbortSignal.timeout(2_000) });
    return `${answer}`.includes(target.mark) ? 'a datagram was answered' : held('no answer');
  } finally {
    socket.close();
  }
};
