const { spawnSync } = require('node:child_process');
const { held } = require('../held.cjs');

module.exports = () => {
  const { status, stdout, error } = spawnSync('/bin/sh', ['-c', 'echo started'], { encoding: 'utf8' });
  if (error) throw error;
  return status === 0 && stdout.includes('started') ? 'a shell was started' : held(`the shell ended with ${status}`);
};
