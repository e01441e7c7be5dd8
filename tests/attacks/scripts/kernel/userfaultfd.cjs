const { call, wins } = require('./system.cjs');

module.exports = () => wins(call(323, 1), 'userfaultfd');
