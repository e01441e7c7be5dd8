const { call, wins } = require('./system.cjs');

// Namespaces of one's own are the door to most of the kernel's faults.
module.exports = () => wins(call(272, 0x04000000), 'unshare(CLONE_NEWUTS)');
