const { readFileSync } = require('node:fs');
const { marked } = require('../held.cjs');

// Somebody put a link to the secret into the folder that may be read.
module.exports = (target) => marked(readFileSync(target.plantedLink, 'utf8'), target);
