const { readFileSync, symlinkSync, unlinkSync } = require('node:fs');
const { join } = require('node:path');
const { marked } = require('../held.cjs');

module.exports = (target) => {
  const link = join(target.work, 'link');
  symlinkSync(target.secret, link);
  try {
    return marked(readFileSync(link, 'utf8'), target);
  } finally {
    unlinkSync(link);
  }
};
