const { held } = require('../held.cjs');

module.exports = (target) =>
  JSON.stringify(process.env).includes(target.mark) ||
  JSON.stringify(process.report?.getReport?.() ?? {}).includes(target.mark)
    ? 'the environment of the host was inherited'
    : held('no secret in the environment');
