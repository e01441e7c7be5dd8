const { call, wins } = require('./system.cjs');

module.exports = () => wins(call(41, 16, 3, 0), 'socket(AF_NETLINK)');
