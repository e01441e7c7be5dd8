const { closeSync, openSync, readFileSync, writeSync, readSync } = require('node:fs');

// Writes into its own memory past every wall of JavaScript: with it any machine code can be run.
module.exports = () => {
  const line = readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .find((text) => / rw-p .*\[heap\]/.test(text));
  const start = Number.parseInt(line, 16);
  const fd = openSync('/proc/self/mem', 'r+');
  const bytes = Buffer.alloc(4);
  readSync(fd, bytes, 0, 4, start);
  writeSync(fd, bytes, 0, 4, start);
  closeSync(fd);
  return 'wrote into its own memory';
};
