const { call, wins } = require('./system.cjs');

const [getKeyringId, sessionKeyring] = [0, -3n & 0xffff_ffff_ffff_ffffn];

module.exports = () => wins(call(250, getKeyringId, sessionKeyring, 1), 'keyctl');
