const { appendFileSync } = require('node:fs');

module.exports = (target) => {
  appendFileSync(target.victimFile, 'overwritten');
  return 'wrote to a file of the host';
};
