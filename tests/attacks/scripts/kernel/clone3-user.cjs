const { call, at, wins } = require('./system.cjs');

// The flags are in memory, where a filter of system calls cannot see them.
module.exports = () => {
  const args = new BigUint64Array(11);
  args[0] = 0x1000_0000n;
  args[4] = 17n;
  const bytes = Buffer.from(args.buffer);
  const done = call(435, at(bytes), bytes.length);
  // The child has nothing to do.
  if (done.answer === 0n) call(231, 0);
  return wins(done, 'clone3(CLONE_NEWUSER)');
};
