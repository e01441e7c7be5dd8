const { call, at, wins } = require('./system.cjs');

module.exports = () => {
  const name = Buffer.from('attacked');
  return wins(call(170, at(name), name.length), 'sethostname');
};
