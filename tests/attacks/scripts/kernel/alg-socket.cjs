const { call, wins } = require('./system.cjs');

module.exports = () => wins(call(41, 38, 5, 0), 'socket(AF_ALG)', [97]);
