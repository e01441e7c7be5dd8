const { DatabaseSync } = require('node:sqlite');
const { join } = require('node:path');
const { unlinkSync } = require('node:fs');

module.exports = (target) => {
  const planted = join(target.victimFolder, 'planted.sqlite');
  new DatabaseSync(planted).exec('create table planted (a)');
  unlinkSync(planted);
  return 'made a database on the host';
};
