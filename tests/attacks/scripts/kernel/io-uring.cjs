const { call, at, wins } = require('./system.cjs');

module.exports = () => {
  const parameters = Buffer.alloc(120);
  return wins(call(425, 1, at(parameters)), 'io_uring_setup');
};
