const { held } = require('../held.cjs');

// SIGUSR1 makes another Node process listen for debuggers.
module.exports = async (target) => {
  process.kill(target.victimPid, 'SIGUSR1');
  for (let tries = 0; tries < 20; tries++) {
    try {
      await fetch('http://127.0.0.1:9229/json');
      return 'the inspector of another process was opened';
    } catch {
      await new Promise((done) => setTimeout(done, 50));
    }
  }
  return held('its inspector did not open');
};
