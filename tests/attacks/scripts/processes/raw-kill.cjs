// Below the function that a guard may have replaced.
module.exports = (target) => {
  const error = process._kill(target.victimPid, 12);
  if (error !== 0) throw new Error(`kill answered ${error}`);
  return 'a signal reached another process';
};
