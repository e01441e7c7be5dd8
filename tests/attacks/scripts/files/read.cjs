const { readFileSync } = require('node:fs');
const { marked } = require('../held.cjs');

module.exports = (target) => marked(readFileSync(target.secret, 'utf8'), target);
