const { call, wins } = require('./system.cjs');

module.exports = () => wins(call(105, 0), 'setuid(0)');
