const { writeFileSync, unlinkSync } = require('node:fs');
const { join } = require('node:path');

module.exports = (target) => {
  const planted = join(target.victimFolder, 'planted');
  writeFileSync(planted, 'planted');
  unlinkSync(planted);
  return 'made a file on the host';
};
