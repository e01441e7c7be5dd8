const { appendFileSync, symlinkSync, unlinkSync } = require('node:fs');
const { join } = require('node:path');

module.exports = (target) => {
  const link = join(target.work, 'out');
  symlinkSync(target.victimFile, link);
  try {
    appendFileSync(link, 'overwritten');
    return 'wrote to a file of the host through a link';
  } finally {
    unlinkSync(link);
  }
};
