const { linkSync, readFileSync, unlinkSync } = require('node:fs');
const { join } = require('node:path');
const { marked } = require('../held.cjs');

module.exports = (target) => {
  const link = join(target.work, 'hard');
  linkSync(target.secretBeside, link);
  try {
    return marked(readFileSync(link, 'utf8'), target);
  } finally {
    unlinkSync(link);
  }
};
