const { call, wins } = require('./system.cjs');

module.exports = () => wins(call(41, 2, 3, 1), 'socket(AF_INET, SOCK_RAW)');
