const { connect } = require('node:net');
const { once } = require('node:events');

module.exports = (target) => reach({ host: '127.0.0.1', port: target.tcpPort });

async function reach(address) {
  const socket = connect(address);
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(3_000) });
    return `connected to ${address.host ?? address.path}`;
  } finally {
    socket.destroy();
  }
}
module.exports.reach = reach;
