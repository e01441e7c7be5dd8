const inspector = require('node:inspector');
const { held } = require('../held.cjs');

// A debugger's session runs code past the hooks of the permission model, and its port would let others in.
module.exports = () => {
  inspector.open(0, '127.0.0.1');
  const url = inspector.url();
  inspector.close();
  return url === undefined ? held('no inspector') : `an inspector listened at ${url}`;
};
