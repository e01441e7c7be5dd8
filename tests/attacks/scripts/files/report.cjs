const { existsSync, unlinkSync } = require('node:fs');
const { join } = require('node:path');
const { held } = require('../held.cjs');

// Node's diagnostic report writes files by itself, and shows the environment.
module.exports = (target) => {
  const planted = join(target.victimFolder, 'planted.json');
  process.report.writeReport(planted);
  if (!existsSync(planted)) held('no report was written');
  unlinkSync(planted);
  return 'wrote a report on the host';
};
