const { closeSync, openSync, writeSync } = require('node:fs');

// A folder in memory that limits of a disk do not count.
module.exports = (target) => {
  const file = openSync('/dev/shm/filler', 'w');
  const block = Buffer.alloc(4_194_304, 1);
  for (let megabytes = 0; megabytes < target.tooManyDiskMB; megabytes += 4) writeSync(file, block);
  closeSync(file);
  return `wrote ${target.tooManyDiskMB} MB into memory`;
};
