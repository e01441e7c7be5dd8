const { call, wins } = require('./system.cjs');

// The way from a virtual machine to its host.
module.exports = () => wins(call(41, 40, 1, 0), 'socket(AF_VSOCK)', [97]);
