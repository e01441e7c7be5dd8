const { lookup } = require('node:dns/promises');

module.exports = async (target) => {
  const { address } = await lookup(target.hostName);
  return `the machine's resolver answered ${address}`;
};
