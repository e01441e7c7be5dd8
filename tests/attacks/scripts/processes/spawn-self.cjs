const { spawnSync } = require('node:child_process');
const { held } = require('../held.cjs');

// Node again, this time without its permission model.
module.exports = () => {
  const { stdout, error, status } = spawnSync(process.execPath, ['-p', '"started"'], { encoding: 'utf8' });
  if (error) throw error;
  return stdout.includes('started') ? 'another Node was started, free of flags' : held(`it ended with ${status}`);
};
