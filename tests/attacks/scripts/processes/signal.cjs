module.exports = (target) => {
  process.kill(target.victimPid, 'SIGUSR2');
  return 'a signal reached another process';
};
