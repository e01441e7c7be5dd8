const { call, wins } = require('./system.cjs');

module.exports = () => wins(call(41, 17, 3, 0x0300), 'socket(AF_PACKET)');
