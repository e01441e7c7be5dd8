const { closeSync, openSync, writeSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

module.exports = (target) => {
  const file = openSync(join(tmpdir(), 'filler'), 'w');
  const block = Buffer.alloc(4_194_304, 1);
  for (let megabytes = 0; megabytes < target.tooManyDiskMB; megabytes += 4) writeSync(file, block);
  closeSync(file);
  return `wrote ${target.tooManyDiskMB} MB`;
};
