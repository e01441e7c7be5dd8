// A group of processes has a number of its own, which a check of process numbers may not know.
module.exports = (target) => {
  const error = process._kill(-target.victimPid, 12);
  if (error !== 0) throw new Error(`kill answered ${error}`);
  return 'a signal reached a group of others';
};
