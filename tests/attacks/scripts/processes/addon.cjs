const { held } = require('../held.cjs');

module.exports = (target) => {
  const addon = { exports: {} };
  process.dlopen(addon, target.addon);
  return Object.keys(addon.exports).length > 0 ? 'a native addon was loaded' : held('it has no exports');
};
