const { call, wins } = require('./system.cjs');

const seize = 0x4206;

module.exports = (target) => {
  const done = call(101, seize, target.victimPid);
  const won = wins(done, 'ptrace(SEIZE)');
  call(101, 17, target.victimPid);
  return won;
};
