const { closeSync, openSync, readdirSync } = require('node:fs');
const { held } = require('../held.cjs');

// Devices that are more than a sink or a source of bytes: whoever may open one talks to a driver.
module.exports = () => {
  for (const name of readdirSync('/dev').filter((entry) => /^(sd|vd|nvme|mem|kmsg|kvm|fuse|loop)/.test(entry))) {
    try {
      closeSync(openSync(`/dev/${name}`, 'r'));
      return `opened /dev/${name}`;
    } catch {
      // The next one.
    }
  }
  return held('no device could be opened');
};
