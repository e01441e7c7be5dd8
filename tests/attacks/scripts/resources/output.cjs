const { writeSync } = require('node:fs');

// Writes as fast as anyone reads, until it is stopped.
module.exports = () => {
  const line = 'x'.repeat(65_536);
  for (;;) {
    try {
      writeSync(1, line);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
};
