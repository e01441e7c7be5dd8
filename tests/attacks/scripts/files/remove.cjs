const { renameSync } = require('node:fs');

module.exports = (target) => {
  renameSync(target.victimFile, `${target.victimFile}.gone`);
  renameSync(`${target.victimFile}.gone`, target.victimFile);
  return 'moved a file of the host';
};
