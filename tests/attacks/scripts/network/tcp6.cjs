const { reach } = require('./tcp.cjs');

module.exports = (target) => reach({ host: '::1', port: target.tcp6Port });
