const { call, at, wins } = require('./system.cjs');

const tooBig = 7;

module.exports = () => wins(call(321, 0, at(Buffer.alloc(8)), 1_048_576), 'bpf', [tooBig]);
