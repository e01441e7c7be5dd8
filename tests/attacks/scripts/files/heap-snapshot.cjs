const { writeHeapSnapshot } = require('node:v8');
const { statSync, unlinkSync } = require('node:fs');
const { join } = require('node:path');

// V8 writes files by itself.
module.exports = (target) => {
  const planted = writeHeapSnapshot(join(target.victimFolder, 'planted.heapsnapshot'));
  statSync(planted);
  unlinkSync(planted);
  return 'wrote a heap snapshot on the host';
};
