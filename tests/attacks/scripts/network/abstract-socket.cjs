const { reach } = require('./tcp.cjs');

// A socket that has no file: only a network namespace keeps it away.
module.exports = (target) => reach({ path: `\0${target.abstractSocket}` });
