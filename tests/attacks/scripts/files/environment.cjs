const { held } = require('../held.cjs');

module.exports = ({ mark }) => {
  const { environmentVariables } = process.report?.getReport?.() ?? {};
  const isThere = JSON.stringify([process.env, environmentVariables]).includes(mark);
  return isThere ? 'the environment of the host was inherited' : held('no secret in the environment');
};
