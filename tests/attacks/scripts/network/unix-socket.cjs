const { reach } = require('./tcp.cjs');

module.exports = (target) => reach({ path: target.unixSocket });
